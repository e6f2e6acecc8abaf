"""`python -m bench`, that is `make bench`: run the scenarios, print and write what came out.

It fails when a message of ours is missing or out of order. A target that is not
met is printed, and no failure: these are figures of one machine.
"""

import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from time import gmtime, monotonic, strftime

import click

from bench import peers, plot, tools
from bench.errors import BenchFailed
from bench.lab import ROOT, Lab
from bench.plan import FULL, SHORT, Plan, say
from bench.scenarios import Scenario, scenarios, series_scenarios
from bench.table import Table, claims_markdown, markdown

DOCS = ROOT / "docs"
PACKAGES = ("gunicorn", "gevent", "flask-sock", "redis")


@click.command()
@click.option("--short", is_flag=True, help="A look, in a few minutes; writes no file.")
@click.option("--series", is_flag=True, help="How cost grows, instead of the comparison.")
@click.option("--only", multiple=True, help="These scenarios only; writes no file.")
@click.option("--peers/--no-peers", "with_peers", default=True, help="Measure the peers too.")
def main(short: bool, series: bool, only: tuple[str, ...], with_peers: bool) -> None:
    """Measure, print the tables, and write docs/performance-*.md and .png."""
    chosen = _choose(series_scenarios() if series else scenarios(), only)
    size = SHORT if short else FULL
    there, missing = peers.look() if with_peers else ((), ())
    plan = Plan(size, there, missing)
    tables: list[Table] = []
    try:
        measure(chosen, plan, tables)
    except BenchFailed as failed:
        click.echo(_report(tables, plan))  # What was measured before still counts.
        sys.exit(f"bench: {failed}")
    text = _report(tables, plan)
    click.echo(text)
    if not (short or only):
        _write("performance-series" if series else "performance-table", text)
        draw = plot.lines if series else plot.bars
        if plot.is_available():
            draw(tables, DOCS / ("performance-series.png" if series else "performance.png"))


def measure(chosen: Mapping[str, Scenario], plan: Plan, tables: list[Table]) -> None:
    """Run these scenarios one after the other, each adding its tables.

    Raises:
        BenchFailed: a message of ours is missing or out of order.
    """
    built = tools.build(tools.BUILD)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Lab(Path(folder), built) as lab:
        for name, scenario in chosen.items():
            start = monotonic()
            say(f"{name} ...")
            tables += scenario(lab, plan)
            say(f"{name}: {monotonic() - start:.0f} s")


def _choose(known: Mapping[str, Scenario], only: tuple[str, ...]) -> Mapping[str, Scenario]:
    unknown = set(only) - set(known)
    if unknown:
        sys.exit(f"bench: there is no scenario {', '.join(unknown)}; there are {', '.join(known)}")
    return {name: run for name, run in known.items() if not only or name in only}


def _report(tables: list[Table], plan: Plan) -> str:
    claims = [claim for table in tables for claim in table.claims]
    parts = [_conditions(plan), *map(markdown, tables)]
    return "\n".join([*parts, claims_markdown(claims)] if claims else parts)


def _conditions(plan: Plan) -> str:
    ours = [f"{name} {version(name)}" for name in PACKAGES]
    versions = ", ".join(dict.fromkeys([*ours, *(peer.version() for peer in plan.peers)]))
    missing = f" Not here, so not measured: {', '.join(plan.missing)}." if plan.missing else ""
    return (
        f"Measured by `make bench` on {strftime('%Y-%m-%d', gmtime())}: {_cpu()}, "
        f"{os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {versions}. The server under test has one core; "
        "the clients (C), the publisher, Valkey and, where it is not measured itself, http_api "
        f"share another. All on loopback.{missing}\n"
    )


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _write(name: str, text: str) -> None:
    target = DOCS / f"{name}.md"
    target.write_text(f"# Measured figures\n\n{text}", "utf-8")
    say(f"wrote {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
