"""`python -m chaos.pages`: a run and what came of it; status 1 if anything is wrong."""

import random
import shutil
import sys
import tempfile
from pathlib import Path

import click

from chaos.pages.audience import with_pusher_js, with_python
from chaos.pages.report import report
from chaos.pages.run import Run, draw


@click.command()
@click.option("--kills", default=100, help="How many blows are dealt.", show_default=True)
@click.option("--pause", default=1.0, help="Seconds between two, at most.", show_default=True)
@click.option("--seed", type=int, help="Repeats a plan; drawn and printed if left out.")
@click.option("--client", type=click.Choice(["pusher-js", "python"]), default="pusher-js")
@click.option(
    "--fsync",
    type=click.Choice(["always", "everysec"]),
    default="always",
    help="With everysec, what Valkey has confirmed while the disk was slow may be lost at a kill.",
)
@click.option("--keep", is_flag=True, help="Keep the logs even if nothing is wrong.")
def main(  # An option each.
    kills: int, pause: float, seed: int | None, client: str, fsync: str, keep: bool
) -> None:
    """Kill workers and Valkey while pages listen, and find out what each of them hears."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-pages-"))
    seed = random.randrange(10**6) if seed is None else seed
    said = f"--kills {kills} --pause {pause:g} --seed {seed} --client {client} --fsync {fsync}"
    click.echo(f"chaos.pages {said}, in {folder}", err=True)
    command = with_python() if client == "python" else with_pusher_js(folder)
    run = Run(folder, command, lambda text: click.echo(text, err=True), fsync)
    result = run.play(draw(kills, seed), pause, random.Random(seed))
    click.echo(report(result, said))
    if result.wrong or keep:
        click.echo(f"the logs are in {folder}", err=True)
    else:
        shutil.rmtree(folder)
    sys.exit(1 if result.wrong else 0)


if __name__ == "__main__":
    main()
