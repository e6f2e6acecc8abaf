"""The command `message-center`.

It starts processes and talks to them over the network like anybody else; it
imports neither of them.
"""

import logging
import os
import sys
from collections.abc import Callable

import click

from common.journal.lines import TEXT
from common.journal.setup import begin
from config.cli.banner import command_as_typed
from config.cli.doctor_command import doctor
from config.cli.embedded import EmbeddedError
from config.cli.here import settings_here
from config.cli.listen_command import listen
from config.cli.push_command import push
from config.cli.serve import serve
from config.cli.status_command import status, top
from config.cli.terminal import say
from config.errors import SettingsError
from config.settings import Settings

log = logging.getLogger(__name__)

PACKAGE = "message-center"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=PACKAGE, prog_name=PACKAGE, message="%(prog)s %(version)s")
def main() -> None:
    """A message push center: post to the HTTP API, every connected page gets it.

    Settings come from the environment, or from .env in the folder of the start.
    docs/reference.md lists them.
    """


@main.command("serve", epilog="Example: HTTP_PORT=8080 message-center serve")
def serve_command() -> None:
    """Run everything.

    That is the HTTP API, the WebSocket server, and a Valkey if REDIS_URL is unset.
    """
    values, settings = settings_here()
    try:
        command = command_as_typed(sys.orig_argv, sys.argv[1:])
        embedded, tell = "REDIS_URL" not in values, _teller(settings)
        status = serve(settings, embedded=embedded, command=command, say=tell)
    except (SettingsError, EmbeddedError) as problem:
        raise click.ClickException(str(problem)) from problem
    sys.exit(status)


@main.command(epilog="Example: REDIS_URL=redis://10.0.0.5:6379/0 message-center http")
def http() -> None:
    """Run the HTTP API only."""
    _become("http_api")


@main.command(epilog="Example: WS_HOST=0.0.0.0 WS_WORKERS=4 message-center ws")
def ws() -> None:
    """Run the WebSocket server only."""
    _become("ws_server")


@main.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def token(options: tuple[str, ...]) -> None:
    """Print a token for a listener, signed with SUBSCRIBE_SECRET."""
    _become("ws_server.door.sign", *options)  # It knows what a token may say.


main.add_command(push)
main.add_command(listen)
main.add_command(status)
main.add_command(top)
main.add_command(doctor)


def _teller(settings: Settings) -> Callable[[str], None]:
    """What `serve` itself says are lines like those of its processes, if programs read them."""
    if settings.log_format == TEXT:
        return say
    begin(settings.log_level, settings.log_format, "serve")

    def tell(text: str) -> None:
        log.log(logging.ERROR if text.startswith("Error") else logging.INFO, "%s", text.strip())

    return tell


def _become(module: str, *arguments: str) -> None:
    """-P, or a `config.py` in the folder of the start would stand in for ours."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])  # noqa: S606
