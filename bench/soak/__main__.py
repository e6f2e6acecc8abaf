"""`python -m bench.soak`, that is `make soak`: a run, its table and plot; 1 if anything grows."""

import json
import os
import sys
import tempfile
from pathlib import Path

import click

from bench import plot
from bench.errors import BenchFailed
from bench.plan import say
from bench.soak.report import draw, growing, rows, table, warm_up
from bench.soak.run import Load, soak

LIFE = 60.0  # Seconds that a client stays, on average.


@click.command()
@click.option("--minutes", default=30.0, show_default=True, help="How long, with the warm-up.")
@click.option("--clients", default=2000, show_default=True, help="Listeners at a time, about.")
@click.option("--life", default=LIFE, show_default=True, help="Seconds for which one stays.")
@click.option("--rate", default=20.0, show_default=True, help="Requests and LPUSHes a second.")
@click.option("--set", "chosen", multiple=True, metavar="NAME=VALUE", help="A setting of ours.")
@click.option("--out", type=click.Path(path_type=Path), help="Where plot and figures go.")
def main(  # An option each.
    minutes: float,
    clients: int,
    life: float,
    rate: float,
    chosen: tuple[str, ...],
    out: Path | None,
) -> None:
    """Let thousands of clients come and go under load, and find what grows."""
    settings = dict(each.split("=", 1) for each in chosen)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    out = out or folder
    out.mkdir(parents=True, exist_ok=True)
    say(f"{clients} clients for {minutes:g} minutes, on {os.cpu_count()} cores, in {folder}")
    try:
        samples = soak(folder, Load(minutes * 60, clients, life, rate, settings), say)
    except BenchFailed as failed:
        sys.exit(f"soak: {failed}; see {folder}")
    series = {" ".join(key): points for key, points in samples.series.items()}
    (out / "soak.json").write_text(json.dumps(series))
    if plot.is_available():
        draw(samples.series, out / "soak.png")
        say(f"wrote {out / 'soak.png'}")
    begin = warm_up(samples.series, life, minutes * 60)
    say(f"the first {begin / 60:.1f} minutes are warm-up")
    found = rows(samples.series, begin)
    click.echo(table(found))
    wrong = growing(found)
    for sentence in wrong:
        click.echo(sentence)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
