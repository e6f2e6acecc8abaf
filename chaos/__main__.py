"""`python -m chaos`, that is `make chaos`: a run and its table; status 1 if anything is wrong."""

import random
import shutil
import sys
import tempfile
from pathlib import Path

import click

from chaos.plan import MEAN_PAUSE, SMALL, SMALL_SECONDS, draw
from chaos.report import report
from chaos.run import run
from chaos.stage import StartFailed


@click.command()
@click.option("--seconds", default=120.0, help="How long strikes are made.", show_default=True)
@click.option("--seed", type=int, help="Repeats a plan; drawn and printed if left out.")
@click.option("--pause", default=MEAN_PAUSE, help="Seconds between two strikes.", show_default=True)
@click.option("--small", is_flag=True, help="The fixed plan of `make test`.")
@click.option("--history", default=86_400, help="HISTORY_SECONDS; a few of them make gaps.")
@click.option("--keep", is_flag=True, help="Keep the ledgers and logs even if nothing is wrong.")
def main(
    seconds: float, seed: int | None, pause: float, small: bool, history: int, keep: bool
) -> None:
    """Kill, stop and cut everything, and find out whether a message is missing or doubled."""
    seed = random.randrange(10**6) if seed is None else seed
    said = "--small" if small else f"--seconds {seconds:g} --seed {seed} --pause {pause:g}"
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    _say(f"chaos {said}, in {folder}")
    strikes = SMALL if small else draw(seed, seconds, pause)
    lasts = SMALL_SECONDS if small else seconds
    try:
        result = run(folder, strikes, lasts, _say, HISTORY_SECONDS=history)
    except StartFailed as failed:
        sys.exit(f"chaos: {failed}; see {folder}")
    click.echo(report(result, said))
    if result.wrong or keep:
        _say(f"the ledgers and logs are in {folder}")
    else:
        shutil.rmtree(folder)
    sys.exit(1 if result.wrong else 0)


def _say(text: str) -> None:
    """Progress goes to standard error: standard output is the result."""
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
