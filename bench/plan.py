"""How large a run is, and against whom: the one thing that scenarios are told besides the lab."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from bench import peers
from bench.errors import BenchFailed
from bench.lab import Lab
from bench.peers import Peer
from bench.subject import Subject
from bench.table import Row

FULL, SHORT, TINY = 0, 1, 2


@dataclass(frozen=True)
class Plan:
    """`size` is FULL, SHORT (a look) or TINY (for the tests: figures mean nothing)."""

    size: int
    peers: tuple[Peer, ...] = ()

    def of(self, full: int, short: int, tiny: int) -> int:
        """The number for this size."""
        return (full, short, tiny)[self.size]

    def peer_rows(self, lab: Lab, measure: Callable[[Subject], Row]) -> Iterator[Row]:
        """Each peer's row; one that loses messages gets a row that says so."""
        for peer in self.peers:
            try:
                with peers.serving(lab, peer) as subject:
                    yield measure(subject)
            except BenchFailed as failed:
                say(f"  {peer.name}: {failed}")
                yield Row(peer.name, ("failed",))


def say(text: str) -> None:
    """Progress goes to standard error: standard output is the result."""
    click.echo(text, file=sys.stderr)
