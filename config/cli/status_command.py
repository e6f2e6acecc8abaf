"""`message-center status` and `top`: how the whole is, once or all the time."""

import json
import sys
from collections import deque
from contextlib import suppress

import click

from config.cli.here import http_url, push_token, settings_here, ws_url
from config.cli.looking import Look, View
from config.cli.screen import Screen, whole_screen
from config.cli.terminal import write
from config.cli.whole import curve

ANSWER_TIMEOUT = 5.0  # Seconds.
MOST_SHOWN = 500  # Values of a curve.
CURVES = ("pushes", "deliveries")


@click.command(epilog="Example: message-center status --json")
@click.option("--token", metavar="TOKEN", help="A token, instead of the first of PUSH_TOKENS.")
@click.option("--json", "is_json", is_flag=True, help="Print what GET /stats answers.")
def status(token: str | None, *, is_json: bool) -> None:
    """Show how it is: both servers, queue, log, listeners, and each process.

    Ends with status 1 if one of the servers of this machine is not ready.
    """
    look = _look(token)
    view = look.view()
    if is_json:
        write(json.dumps(view.stats, ensure_ascii=False) + "\n")
    else:
        write("\n".join(look.lines(view)) + "\n")
    look.close()
    sys.exit(0 if view.is_ready else 1)


@click.command(epilog="Example: message-center top --interval 2")
@click.option("--token", metavar="TOKEN", help="A token, instead of the first of PUSH_TOKENS.")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(0.2, 3600),
    default=1.0,
    help="The time between two looks; 1 if it is left out.",
)
def top(token: str | None, interval: float) -> None:
    """Show the same all the time, on the whole terminal. The key q ends it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("it needs a terminal; without one: message-center status")
    look = _look(token)
    with suppress(KeyboardInterrupt), whole_screen() as screen:
        _watch(look, screen, interval)
    look.close()


def _watch(look: Look, screen: Screen, interval: float) -> None:
    seen: dict[str, deque[float]] = {name: deque(maxlen=MOST_SHOWN) for name in CURVES}
    while True:
        view = look.view()
        screen.draw([*look.lines(view), "", *_curves(view, seen, screen.width), "", "q: end"])
        if screen.key(interval) in ("q", "Q", "\x1b"):
            return


def _curves(view: View, seen: dict[str, deque[float]], width: int) -> list[str]:
    rates = (view.stats.get("totals") or {}).get("rates") or {}
    for name, values in seen.items():
        values.append(rates.get(name, 0.0))
    return [f"{name:<10} {curve(list(values), width - 12)}" for name, values in seen.items()]


def _look(token: str | None) -> Look:
    _, settings = settings_here()
    try:
        return Look(
            http_url(settings), ws_url(settings), push_token(settings, token), ANSWER_TIMEOUT
        )
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--token") from problem
