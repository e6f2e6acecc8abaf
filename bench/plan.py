"""How large a run is, and against whom: the one thing that scenarios are told besides the lab."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import click

from bench.errors import BenchFailed
from bench.lab import Lab
from bench.peers.peer import Peer
from bench.subject import Subject
from bench.table import Row

FULL, SHORT, TINY = 0, 1, 2


@dataclass(frozen=True)
class Plan:
    """`size` is FULL, SHORT (a look) or TINY (for the tests: figures mean nothing)."""

    size: int
    peers: tuple[Peer, ...] = ()
    missing: tuple[str, ...] = ()  # The names of peers that cannot be started here.

    def of(self, full: int, short: int, tiny: int) -> int:
        """The number for this size."""
        return (full, short, tiny)[self.size]

    def among(self, *names: str) -> "Plan":
        """The same, with none but these peers."""
        peers = tuple(peer for peer in self.peers if peer.name in names)
        missing = tuple(name for name in self.missing if name in names)
        return replace(self, peers=peers, missing=missing)

    def without(self, name: str) -> "Plan":
        """The same, with all peers but this one."""
        others = [peer.name for peer in self.peers] + list(self.missing)
        return self.among(*(other for other in others if other != name))

    def peer_rows(
        self, lab: Lab, measure: Callable[[Subject], Row], suffix: str = ""
    ) -> Iterator[Row]:
        """Each peer's row; one that is missing, or loses messages, gets a row that says so."""
        for peer in self.peers:
            yield self._row(lab, peer, measure).named(peer.name + suffix)
        for name in self.missing:
            yield Row(name + suffix, ("missing",))

    def _row(self, lab: Lab, peer: Peer, measure: Callable[[Subject], Row]) -> Row:
        try:
            with peer.serving(lab) as subject:
                return measure(subject)
        except BenchFailed as failed:
            say(f"  {peer.name}: {failed}")
            return Row(peer.name, ("failed",))


def say(text: str) -> None:
    """Progress goes to standard error: standard output is the result."""
    click.echo(text, file=sys.stderr)
