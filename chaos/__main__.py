"""`python -m chaos`, that is `make chaos`: a run and its table; status 1 if anything is wrong."""

import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from chaos.plan import MEAN_PAUSE, Act, draw
from chaos.report import report
from chaos.run import run
from chaos.small import SMALLS
from chaos.stage import StartFailed


@click.command()
@click.option("--seconds", default=180.0, help="How long strikes are made.", show_default=True)
@click.option("--seed", type=int, help="Repeats a plan; drawn and printed if left out.")
@click.option("--pause", default=MEAN_PAUSE, help="Seconds between two strikes.", show_default=True)
@click.option(
    "--only",
    metavar="FAULT",
    multiple=True,
    type=click.Choice([act.value for act in Act]),
    help=f"These faults only, of {', '.join(Act)}; may be given several times.",
)
@click.option("--small", type=click.Choice([*SMALLS]), help="A fixed plan of `make test`.")
@click.option("--history", default=86_400, help="HISTORY_SECONDS; a few of them make gaps.")
@click.option("--keep", is_flag=True, help="Keep the ledgers and logs even if nothing is wrong.")
def main(  # noqa: PLR0913, PLR0917  # An option each.
    seconds: float,
    seed: int | None,
    pause: float,
    only: Sequence[str],
    small: str | None,
    history: int,
    keep: bool,
) -> None:
    """Kill, stop and cut everything, and find out whether a message is missing or doubled."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    if small:
        strikes, lasts, said = SMALLS[small].strikes, SMALLS[small].seconds, f"--small {small}"
    else:
        seed = random.randrange(10**6) if seed is None else seed
        acts = frozenset(map(Act, only)) or frozenset(Act)
        strikes, lasts = tuple(draw(seed, seconds, pause, acts)), seconds
        chosen = "".join(f" --only {act}" for act in only)
        said = f"--seconds {seconds:g} --seed {seed} --pause {pause:g}{chosen}"
    _say(f"chaos {said}, in {folder}")
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
