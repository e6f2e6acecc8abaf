"""The command `message-center`.

It starts processes and talks to them over the network like anybody else; it
imports neither of them.
"""

import codecs
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import click
from message_center_client.websocket import checked

from config import load
from config.addresses import reachable
from config.cli.banner import command_as_typed
from config.cli.embedded import EmbeddedError
from config.cli.listening import Listener
from config.cli.serve import DIRECTLY, serve
from config.errors import SettingsError
from config.settings import Settings

PACKAGE = "message-center"
ANSWER_TIMEOUT = 10.0  # Seconds to wait for the HTTP API.


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
    values, settings = _settings()
    try:
        command = command_as_typed(sys.orig_argv, sys.argv[1:])
        status = serve(settings, embedded="REDIS_URL" not in values, command=command, say=_say)
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


@main.command(epilog="Example: message-center push 'order 1024 is paid' --user 42")
@click.argument("text")
@click.option(
    "--channel",
    "channels",
    metavar="NAME",
    multiple=True,
    help="Push to this channel only. Can be given several times.",
)
@click.option(
    "--user",
    "users",
    metavar="NAME",
    multiple=True,
    help="Push to this user only. Can be given several times.",
)
def push(text: str, channels: tuple[str, ...], users: tuple[str, ...]) -> None:
    """Push TEXT through the HTTP API.

    It goes to everybody unless a channel or a user is given. The first of PUSH_TOKENS is sent
    along, if there are any. Ends with status 1 if the push fails.
    """
    text = _as_typed(text, "TEXT")
    channels = tuple(_as_typed(name, "--channel") for name in channels)
    users = tuple(_as_typed(name, "--user") for name in users)
    _, settings = _settings()
    url = f"http://{reachable(settings.http_host)}:{settings.http_port}/push"
    addressed = {"channels": channels, "users": users}
    # An empty name goes along, and is refused: it must not become a push to everybody.
    form = {"content": text} | {key: ",".join(names) for key, names in addressed.items() if names}
    status, body = _post(url, form, [token for _, token in settings.push_tokens][:1])
    with suppress(click.ClickException, SystemExit):
        _print(f"{body}\n")  # It is pushed or not, whether that is read or not.
    if status != 200 or not _is_success(body):
        sys.exit(1)


@main.command(epilog="Example: message-center listen 'ws://127.0.0.1:2345/?channels=orders'")
@click.argument("url", required=False)
def listen(url: str | None) -> None:
    """Print what arrives at URL.

    Without a URL it listens to the server of this machine. It reconnects by itself, and ends with
    status 1 where that would be of no use: when it is refused or thrown out.
    """
    if url is None:
        _, settings = _settings()
        url = f"ws://{reachable(settings.ws_host)}:{settings.ws_port}/"
    try:
        url = checked(_as_typed(url, "URL"))
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="URL") from problem
    with suppress(KeyboardInterrupt):
        Listener(url, _print, _say).run()
        sys.exit(1)


def _is_success(body: str) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:  # Somebody else's server.
        return False
    return isinstance(answer, dict) and answer.get("code") == 0


def _as_typed(text: str, name: str) -> str:
    """An argument as text, also where Python could not know that it was typed in UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:  # Some of it stands for bytes that Python could not read.
        try:
            return os.fsencode(text).decode()
        except UnicodeError:
            raise click.BadParameter("it is not UTF-8", param_hint=name) from None
    return text


def _print(text: str | bytes) -> None:
    """To standard output at once; what its encoding does not have is escaped, not lost."""
    try:
        _to_stdout(text)
    except OSError as problem:
        # Python would complain about it once more at its own exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(problem, BrokenPipeError):  # As in `listen | head -1`.
            sys.exit(0)
        raise click.ClickException(f"cannot write: {problem.strerror}") from problem


def _to_stdout(text: str | bytes) -> None:
    if sys.stdout is None:  # It was closed before the start.
        raise click.ClickException("cannot write: there is no standard output")
    encoding = sys.stdout.encoding or "ascii"
    if codecs.lookup(encoding).name == "ascii":
        encoding = "utf-8"  # Nobody has said what it is.
    data = text.encode(encoding, "backslashreplace") if isinstance(text, str) else text
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _become(module: str, *arguments: str) -> None:
    """-P, or a `config.py` in the folder of the start would stand in for ours."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])  # noqa: S606


def _settings() -> tuple[dict[str, str], Settings]:
    try:
        values = load.read(os.environ, Path(".env"))
        return values, load.parse(values)
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from problem


def _post(url: str, form: dict[str, str], tokens: list[str]) -> tuple[int, str]:
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode())  # noqa: S310
    for token in tokens:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with DIRECTLY.open(request, timeout=ANSWER_TIMEOUT) as answer:
            return answer.status, answer.read().decode(errors="replace").strip()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as problem:
        reason = getattr(problem, "reason", problem)
        raise click.ClickException(f"no answer from {url}: {reason}") from problem


def _say(text: str) -> None:
    """For people: standard error, so that standard output carries messages only."""
    with suppress(OSError):  # Its terminal may be gone.
        click.echo(text, err=True)
