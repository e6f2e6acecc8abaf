"""The command `message-center`.

It starts processes and talks to them over the network like anybody else; it
imports neither of them.
"""

import json
import os
import random
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from functools import partial
from pathlib import Path

import click
import simple_websocket

from config import load
from config.addresses import reachable
from config.banner import command_as_typed
from config.embedded import EmbeddedError
from config.serve import DIRECTLY, serve
from config.settings import Settings, SettingsError

ANSWER_TIMEOUT = 10.0  # Seconds to wait for the HTTP API.
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0  # Seconds between two tries to connect.
TOKEN = re.compile(r"(?<=[?&]token=)[^&#]+")  # In a URL; not to be shown.
LISTEN_PING = 25  # Seconds; a server that does not answer is given up.


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A message push center: post to the HTTP API, every connected page gets it.

    Settings come from the environment or from .env in this folder; README.md lists them.
    """


@main.command("serve")
def serve_command() -> None:
    """Run everything: both processes, and a Valkey if REDIS_URL is unset."""
    values, settings = _settings()
    try:
        command = command_as_typed(sys.orig_argv, sys.argv[1:])
        status = serve(settings, embedded="REDIS_URL" not in values, command=command, say=_say)
    except (SettingsError, EmbeddedError) as problem:
        raise click.ClickException(str(problem)) from problem
    sys.exit(status)


@main.command()
def http() -> None:
    """Run the HTTP API only."""
    _become("http_api")


@main.command()
def ws() -> None:
    """Run the WebSocket server only."""
    _become("ws_server")


@main.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def token(options: tuple[str, ...]) -> None:
    """Print a token for whoever listens, signed with SUBSCRIBE_SECRET."""
    _become("ws_server.sign", *options)  # It knows what a token may say.


@main.command()
@click.argument("text")
@click.option("--channel", "channels", multiple=True, help="Only to this channel; repeatable.")
@click.option("--user", "users", multiple=True, help="Only to this user; repeatable.")
def push(text: str, channels: tuple[str, ...], users: tuple[str, ...]) -> None:
    """Push TEXT to everybody, through the HTTP API.

    With the first of PUSH_TOKENS, if there are any.
    """
    _, settings = _settings()
    url = f"http://{reachable(settings.http_host)}:{settings.http_port}/push"
    addressed = {"channels": ",".join(channels), "users": ",".join(users)}
    form = {"content": text} | {name: value for name, value in addressed.items() if value}
    status, body = _post(url, form, [token for _, token in settings.push_tokens][:1])
    click.echo(body)
    if status != 200 or not _is_success(body):
        sys.exit(1)


@main.command()
@click.argument("url", required=False)
def listen(url: str | None) -> None:
    """Print what arrives at URL (this machine's server by default); reconnect for ever."""
    if url is None:
        _, settings = _settings()
        url = f"ws://{reachable(settings.ws_host)}:{settings.ws_port}/"
    url = _checked(url)
    with suppress(KeyboardInterrupt):
        _listen_for_ever(url)


def _is_success(body: str) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:  # Somebody else's server.
        return False
    return isinstance(answer, dict) and answer.get("code") == 0


def _checked(url: str) -> str:
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname or parts.port == 0:
            raise ValueError("it must be ws://host:port/ or wss://host:port/")
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="URL") from problem
    return url if parts.path else f"{url}/"


def _listen_for_ever(url: str) -> None:
    wait = FIRST_WAIT
    while True:
        if _print_messages(url):
            wait = FIRST_WAIT
        pause = wait * random.uniform(0.5, 1.5)
        _say(f"trying again in {pause:.1f} s")
        time.sleep(pause)
        wait = min(wait * 2, LONGEST_WAIT)


def _print_messages(url: str) -> bool:
    """Print until the connection ends; whether there was one."""
    connected = False
    shown = TOKEN.sub("…", url)
    try:
        client = simple_websocket.Client.connect(
            url, ping_interval=LISTEN_PING, thread_class=partial(threading.Thread, daemon=True)
        )
        connected = True
        _say(f"connected to {shown}")
        while True:
            _print(client.receive())
    except simple_websocket.ConnectionClosed as closed:
        _say(f"closed: {closed.reason} {closed.message or ''}".rstrip())
    except (OSError, simple_websocket.ConnectionError) as problem:
        _say(f"cannot connect to {shown}: {problem}")
    return connected


def _print(message: str | bytes) -> None:
    try:
        click.echo(message)
    except BrokenPipeError:
        # Nobody reads on, as in `listen | head -1`. Python would complain at its own exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


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
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode().strip()
    except OSError as problem:
        reason = getattr(problem, "reason", problem)
        raise click.ClickException(f"no answer from {url}: {reason}") from problem


def _say(text: str) -> None:
    """For people: standard error, so that standard output carries messages only."""
    with suppress(OSError):  # Its terminal may be gone.
        click.echo(text, err=True)
