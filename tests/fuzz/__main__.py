"""`make fuzz`: nonsense at the WebSocket port, and odd requests at both doors, beside Flask."""

import random
import sys
import tempfile
from pathlib import Path

import click

from tests.fuzz import http_door, websocket, ws_door

DOORS = {"push": http_door.FUZZ, "listen": ws_door.FUZZ}
NONSENSE = "nonsense"


@click.command()
@click.option("--only", type=click.Choice([NONSENSE, *DOORS]), help="One of the three.")
@click.option("--seconds", default=300.0, show_default=True, help="The nonsense: so long, or")
@click.option("--inputs", default=1_000_000, show_default=True, help="so many inputs.")
@click.option("--requests", default=1_000_000, show_default=True, help="Each door: so many.")
@click.option("--seed", type=int, help="Repeats the inputs; drawn and printed if left out.")
def main(only: str | None, seconds: float, inputs: int, requests: int, seed: int | None) -> None:
    """Send what is odd, and find out whether anything breaks or anybody is disturbed."""
    seed = random.randrange(10**6) if seed is None else seed
    click.echo(f"fuzz --seed {seed}")
    wrong: list[str] = []
    if only in (None, NONSENSE):
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            sent, wrong = websocket.run(Path(folder), seed, seconds, inputs)
        for kind, count in sorted(sent.items()):
            click.echo(f"{count:>10,} {kind}")
    for name, fuzz in DOORS.items():
        if only in (None, name):
            wrong += fuzz.run_in_processes(seed, requests, click.echo)
    click.echo("\n".join(wrong) or "Nothing is wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
