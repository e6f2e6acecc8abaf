"""`message-center doctor`: what is wrong here, or on the way to a server, and what to do."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from config import load
from config.cli.doctor.configured import settings_findings
from config.cli.doctor.finding import PROBLEM, Finding
from config.cli.doctor.machine import machine_findings
from config.cli.doctor.store import redis_findings
from config.cli.terminal import say, write

INTERRUPTED = 130  # What a shell says of a program that Ctrl-C has ended.


@click.command(epilog="Example: message-center doctor")
@click.option("--json", "is_json", is_flag=True, help="Print a line of JSON for each finding.")
def doctor(*, is_json: bool) -> None:
    """Look for what is wrong, and say what to do about it.

    It looks at settings, Redis, limits and ports of this machine. Ends with status 1 if there is a
    problem.
    """
    has_problem = False
    try:
        for finding in here():
            has_problem = has_problem or finding.level == PROBLEM
            write(finding.json() if is_json else finding.line())
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(INTERRUPTED)
    sys.exit(1 if has_problem else 0)


def here() -> Iterator[Finding]:
    """All that is found on this machine."""
    values, misread = load.read_all(os.environ, Path(".env"))
    settings, bad = load.parse_all(values)
    embedded = "REDIS_URL" not in values
    yield from settings_findings(settings, [*misread, *bad], embedded=embedded)
    yield from machine_findings(settings)
    yield from redis_findings(settings, embedded=embedded)
