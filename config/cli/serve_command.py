"""`message-center serve`: everything with one command."""

import logging
import sys
from collections.abc import Callable

import click

from common.journal.lines import TEXT
from common.journal.setup import begin
from config.cli.banner import command_as_typed
from config.cli.embedded import EmbeddedError
from config.cli.here import settings_here
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
        embedded, tell = "REDIS_URL" not in values, _teller(settings)
        status = run(settings, embedded=embedded, command=command, say=tell)
    except (SettingsError, EmbeddedError) as problem:
        raise click.ClickException(str(problem)) from problem
    sys.exit(status)


def _teller(settings: Settings) -> Callable[[str], None]:
    """What `serve` itself says are lines like those of its processes, if programs read them."""
    if settings.log_format == TEXT:
        return say
    begin(settings.log_level, settings.log_format, "serve")

    def tell(text: str) -> None:
        log.log(logging.ERROR if text.startswith("Error") else logging.INFO, "%s", text.strip())

    return tell
