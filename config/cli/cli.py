"""The command `message-center`.

It starts processes and talks to them over the network like anybody else; it
imports neither of them. A command is loaded when it is asked for: all of them
together take longer to load than a server.
"""

import os
import sys
from importlib import import_module
from typing import ClassVar

import click

PACKAGE = "message-center"


class Commands(click.Group):
    """Those of this file, and those that are `module:name` elsewhere."""

    elsewhere: ClassVar = {
        "serve": "config.cli.serve_command:serve",
        "push": "config.cli.push_command:push",
        "listen": "config.cli.listen_command:listen",
        "status": "config.cli.status_command:status",
        "top": "config.cli.status_command:top",
        "doctor": "config.cli.doctor_command:doctor",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.elsewhere])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.elsewhere:
            return super().get_command(ctx, cmd_name)
        module, _, name = self.elsewhere[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=PACKAGE, prog_name=PACKAGE, message="%(prog)s %(version)s")
def main() -> None:
    """A message push center: post to the HTTP API, every connected page gets it.

    Settings come from the environment, or from .env in the folder of the start.
    docs/reference.md lists them.
    """


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


def _become(module: str, *arguments: str) -> None:
    """-P, or a `config.py` in the folder of the start would stand in for ours."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])  # noqa: S606
