"""`message-center serve`: everything with one command."""

import logging
import sys

import click

from common.journal.lines import TEXT
from common.journal.setup import begin
from config.cli.banner import Banner, command_as_typed
from config.cli.embedded import EmbeddedError
from config.cli.here import settings_here
from config.cli.serve import Report
from config.cli.serve import serve as run
from config.cli.terminal import say
from config.errors import SettingsError
from config.settings import Settings

log = logging.getLogger(__name__)


@click.command(epilog="Example: HTTP_PORT=8080 message-center serve")
def serve() -> None:
    """Run everything.

    That is the HTTP API, the WebSocket server, and a Valkey if REDIS_URL is unset.
    """
    values, settings = settings_here()
    try:
        command = command_as_typed(sys.orig_argv, sys.argv[1:])
        embedded, report = "REDIS_URL" not in values, _report(settings)
        status = run(settings, embedded=embedded, command=command, report=report)
    except (SettingsError, EmbeddedError) as problem:
        raise click.ClickException(str(problem)) from problem
    sys.exit(status)


def _report(settings: Settings) -> Report:
    """What `serve` itself says are lines like those of its processes, if programs read them."""
    if settings.log_format == TEXT:
        return ForPeople()
    begin(settings.log_level, settings.log_format, "serve")
    return ForPrograms()


class ForPeople(Report):
    """A page of text."""

    def up(self, banner: Banner, *, has_redis: bool) -> None:
        say(banner.text(has_redis=has_redis))

    def ended(self, what: str) -> None:
        say(f"Error: {what}")


class ForPrograms(Report):
    """A line for each event."""

    def up(self, banner: Banner, *, has_redis: bool) -> None:
        told = {**banner.addresses, "redis_answers": has_redis}
        log.info("all is up", extra={"event": "up", "told": told})
        other_redis = " ".join(banner.about_other_redis().split())
        if other_redis:
            log.warning("%s", other_redis)

    def ended(self, what: str) -> None:
        log.error("%s", what)
