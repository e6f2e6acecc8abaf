"""`message-center doctor`: what is wrong here, or on the way to a server, and what to do."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from config import load
from config.cli.doctor.configured import settings_findings
from config.cli.doctor.finding import PROBLEM, Finding
from config.cli.doctor.machine import machine_findings, redis_in_use
from config.cli.doctor.outside import Visit, outside_findings
from config.cli.doctor.route import Target
from config.cli.doctor.store import redis_findings
from config.cli.doctor.through import Pushing
from config.cli.here import push_token
from config.cli.terminal import as_typed, say, write
from config.slips import slips
from message_center_client import Client
from message_center_client.client import checked_token

INTERRUPTED = 130  # What a shell says of a program that Ctrl-C has ended.


@click.command(epilog="Example: message-center doctor wss://push.example.com/ --silence 60")
@click.argument("url", required=False)
@click.option("--token", metavar="TOKEN", help="A token, where one is needed to listen.")
@click.option("--origin", metavar="ORIGIN", help="Listen as a page of https://shop.example.")
@click.option("--push-url", metavar="URL", help="The HTTP API, to push a message through.")
@click.option("--push-token", metavar="TOKEN", help="A token for that.")
@click.option(
    "--silence",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    default=60.0,
    help="How long to listen in silence; 60 if it is left out, 0: not at all.",
)
@click.option("--json", "is_json", is_flag=True, help="Print a line of JSON for each finding.")
def doctor(  # noqa: PLR0913  # Each is an option.
    url: str | None,
    token: str | None,
    origin: str | None,
    push_url: str | None,
    push_token: str | None,
    silence: float,
    *,
    is_json: bool,
) -> None:
    """Look for what is wrong, and say what to do about it.

    Without a URL it looks at this machine: settings, Redis, limits and ports. With the URL of a
    WebSocket server it looks at it from outside, through proxies: DNS, TLS, the upgrade, silence,
    events, origins, and a message through. Ends with status 1 if there is a problem.
    """
    findings = here()
    if url is not None:
        visit = Visit(
            target=_target(as_typed(url, "URL")),
            token=_token(token, "--token"),
            origin=_header(origin),
            pushing=_pushing(push_url, push_token),
            silence=silence,
        )
        findings = outside_findings(visit, _progress(silence))
    sys.exit(_show(findings, is_json=is_json))


def here() -> Iterator[Finding]:
    """All that is found on this machine."""
    values, misread = load.read_all(os.environ, Path(".env"))
    settings, bad = load.parse_all(values)
    embedded = "REDIS_URL" not in values
    problems, unknown = [*misread, *bad], slips(os.environ)
    yield from settings_findings(settings, problems, unknown, embedded=embedded)
    yield from machine_findings(settings)
    in_use = redis_in_use(settings, push_token(settings, None)) if embedded else None
    if in_use is not None:  # As it may be the Valkey of `serve`, at a port that `serve` has chosen.
        settings, embedded = replace(settings, redis_url=in_use), False
    yield from redis_findings(settings, embedded=embedded)


def _show(findings: Iterator[Finding], *, is_json: bool) -> int:
    """Each as soon as it is found; the status to end with."""
    has_problem = False
    try:
        for finding in findings:
            has_problem = has_problem or finding.level == PROBLEM
            write(finding.json() if is_json else finding.line())
    except KeyboardInterrupt:
        say("stopped")
        return INTERRUPTED
    return int(has_problem)


def _progress(seconds: float) -> Callable[[float], None]:
    """Tells how many are over, on a terminal only: one line that is written over."""
    if sys.stderr is None or not sys.stderr.isatty():
        return lambda _passed: None

    def show(passed: float) -> None:
        told = f"silence: {passed:.0f} of {seconds:g} s" if passed < seconds else ""
        say(f"\r{told}\x1b[K\r", nl=False)

    return show


def _target(url: str) -> Target:
    try:
        return Target.parse(url)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="URL") from problem


def _token(token: str | None, name: str) -> str | None:
    try:
        return token and checked_token(token)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint=name) from problem


def _header(origin: str | None) -> str | None:
    if origin is not None and not (origin.isascii() and origin.isprintable()):
        raise click.BadParameter("it is no origin", param_hint="--origin")
    return origin


def _pushing(url: str | None, token: str | None) -> Pushing | None:
    if url is None:
        if token is not None:
            raise click.UsageError("--push-token needs --push-url")
        return None
    try:
        Client(url, token=token).close()
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--push-url") from problem
    return Pushing(url, token)
