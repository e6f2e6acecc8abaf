"""`make fuzz`: nonsense at the WebSocket port, and the door of the HTTP port beside Flask."""

import random
import sys
import tempfile
from pathlib import Path

import click

from tests.fuzz import http_door, websocket


@click.command()
@click.option("--only", type=click.Choice(["websocket", "door"]), help="One of the two.")
@click.option("--seconds", default=300.0, show_default=True, help="The WebSocket port: so long, or")
@click.option("--inputs", default=1_000_000, show_default=True, help="so many inputs.")
@click.option(
    "--requests", default=1_000_000, show_default=True, help="The door: so many requests."
)
@click.option("--seed", type=int, help="Repeats the inputs; drawn and printed if left out.")
def main(only: str | None, seconds: float, inputs: int, requests: int, seed: int | None) -> None:
    """Send nonsense, and find out whether anything breaks or anybody is disturbed."""
    seed = random.randrange(10**6) if seed is None else seed
    click.echo(f"fuzz --seed {seed}")
    wrong: list[str] = []
    if only != "door":
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            sent, wrong = websocket.run(Path(folder), seed, seconds, inputs)
        for kind, count in sorted(sent.items()):
            click.echo(f"{count:>10,} {kind}")
    if only != "websocket":
        wrong += http_door.run_in_processes(seed, requests, click.echo)
    click.echo("\n".join(wrong) or "Nothing is wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
