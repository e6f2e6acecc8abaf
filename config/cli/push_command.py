"""`message-center push`: one message, or the lines that come through a pipe."""

import json
import shlex
import sys
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from uuid import uuid4

import click

from common.channels import text_of
from config.cli.confirmations import wait_for_receipt
from config.cli.here import http_url, push_token, settings_here
from config.cli.lines import BadLineError, Lines, Reading
from config.cli.piping import Piping
from config.cli.progress import progress_for
from config.cli.serve import DIRECTLY
from config.cli.terminal import as_typed, names_of, say, write
from message_center_client import Client, NotConfirmed, Refused

ANSWER_TIMEOUT = 10.0  # Seconds to wait for the HTTP API.
LOOK = "is it running, with these settings? `message-center doctor` says what is wrong"
PATIENCE = 60.0  # Seconds for which a batch of lines is tried again.
INTERRUPTED = 130  # What a shell says of a program that Ctrl-C has ended.


@dataclass(frozen=True)
class Asked:
    """What a push is to be, as it was typed."""

    id: str | None
    token: str | None
    channels: tuple[str, ...]
    users: tuple[str, ...]
    event: str | None = None
    except_: str | None = None
    receipt: bool = False

    @property
    def to(self) -> dict[str, tuple[str, ...]]:
        """An empty name goes along, and is refused: it must not become a push to everybody."""
        named = {"channels": self.channels, "users": self.users}
        return {key: names_of(names, f"--{key[:-1]}") for key, names in named.items() if names}

    @property
    def more(self) -> dict[str, str]:
        """What is said of the message besides."""
        given = {"event": self.event, "except": self.except_}
        return {key: as_typed(text, f"--{key}") for key, text in given.items() if text is not None}


@click.command(epilog="Example: message-center push 'order 1024 is paid' --user 42")
@click.argument("text")
@click.option(
    "--json",
    "is_json",
    is_flag=True,
    help="TEXT is an object or a list, to arrive as one. With -: each line is a message in JSON.",
)
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
@click.option("--event", metavar="NAME", help="A name for what it tells of.")
@click.option("--except", "except_", metavar="ID", help="A connection that is not to get it.")
@click.option("--id", metavar="ID", help="An id: pushed again under it, it does not come twice.")
@click.option("--token", metavar="TOKEN", help="A token, instead of the first of PUSH_TOKENS.")
@click.option(
    "--receipt",
    is_flag=True,
    help="Say how many have confirmed it, as soon as all have, or after 5 seconds.",
)
def push(text: str, *, is_json: bool, **typed: Any) -> None:
    """Push TEXT through the HTTP API; if TEXT is -, each line of standard input.

    It goes to everybody unless a channel or a user is given. The first of PUSH_TOKENS is sent
    along, if there are any. Ends with status 1 if the push fails.
    """
    asked = Asked(**typed)
    if text == "-" and asked.receipt:
        raise click.BadOptionUsage("receipt", "--receipt is for one message, not for lines")
    if text == "-":
        _push_lines(asked, is_json=is_json)
    else:
        _push_one(as_typed(text, "TEXT"), asked, is_json=is_json)


def _push_one(text: str, asked: Asked, *, is_json: bool) -> None:
    kind, body = _as_json(text, asked) if is_json else _as_form(text, asked)
    _, settings = settings_here()
    headers = {"Content-Type": kind}
    if token := push_token(settings, asked.token):
        headers["Authorization"] = f"Bearer {token}"
    status, answer = _post(f"{http_url(settings)}/push", body, headers)
    with suppress(click.ClickException, SystemExit):
        write(f"{answer}\n")  # It is pushed or not, whether that is read or not.
    if status != 200 or not _is_success(answer):
        sys.exit(1)
    if asked.receipt:
        _say_receipt(json.loads(answer).get("id"), http_url(settings), token)


def _say_receipt(id_: str | None, url: str, token: str | None) -> None:
    if id_ is None:
        raise click.ClickException("it is pushed, but this server gives no receipts")
    with Client(url, token=token) as client:
        write(f"{wait_for_receipt(lambda: client.receipt(id_))}\n")


def _as_form(text: str, asked: Asked) -> tuple[str, bytes]:
    form = {"content": text, **asked.more}
    form |= {key: text_of(names) for key, names in asked.to.items()}
    if asked.id is not None:
        form["id"] = asked.id
    if asked.receipt:
        form["receipt"] = "1"
    return "application/x-www-form-urlencoded", urllib.parse.urlencode(form).encode()


def _as_json(text: str, asked: Asked) -> tuple[str, bytes]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise click.BadParameter(f"it is not JSON: {problem}", param_hint="TEXT") from problem
    if not isinstance(content, dict | list):
        raise click.BadParameter("it is neither an object nor a list", param_hint="TEXT")
    message: dict[str, Any] = {"content": content, **asked.to, **asked.more, "id": asked.id}
    if asked.receipt:
        message["receipt"] = True
    return "application/json", json.dumps(message).encode()


def _is_success(body: str) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:  # Somebody else's server.
        return False
    return isinstance(answer, dict) and answer.get("code") == 0


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    request = urllib.request.Request(url, body)  # noqa: S310
    for name, value in headers.items():
        request.add_unredirected_header(name, value)
    try:
        with DIRECTLY.open(request, timeout=ANSWER_TIMEOUT) as answer:
            return answer.status, answer.read().decode(errors="replace").strip()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as problem:
        reason = getattr(problem, "reason", problem)
        raise click.ClickException(f"no answer from {url}: {reason}; {LOOK}") from problem


def _push_lines(asked: Asked, *, is_json: bool) -> None:
    _, settings = settings_here()
    if sys.stdin is None:  # It was closed before the start.
        raise click.ClickException("there is no standard input")
    run, fd = asked.id or uuid4().hex, sys.stdin.fileno()
    progress = progress_for(fd, lambda text: say(text, nl=False))
    reading = Reading(run, asked.to, is_json, asked.more)
    token = push_token(settings, asked.token)
    try:
        with Client(http_url(settings), token=token, patience=PATIENCE) as client:
            piping = Piping(client, reading, progress)
            _run(piping, Lines(fd), run)
    except ValueError as problem:  # The token.
        raise click.BadParameter(str(problem), param_hint="--token") from problem
    with suppress(click.ClickException, SystemExit):
        write(f'{{"code":0,"count":{piping.pushed},"msg":"success"}}\n')


def _run(piping: Piping, lines: Lines, run: str) -> None:
    again = f"to go on, push the same lines with --id {shlex.quote(run)}"
    try:
        piping.run(lines)
    except KeyboardInterrupt:
        say(f"lines pushed: {piping.pushed}; {again}")
        sys.exit(INTERRUPTED)
    except (NotConfirmed, Refused) as problem:
        told = f"{problem}; lines pushed: {piping.pushed}; {again}"
        raise click.ClickException(told) from problem
    except BadLineError as problem:
        told = f"{problem}; lines pushed: {piping.pushed}, and none after them"
        raise click.ClickException(told) from problem
