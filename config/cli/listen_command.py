"""`message-center listen`: prints what arrives."""

import sys
from contextlib import suppress
from urllib.parse import urlencode, urlsplit

import click

from common.channels import text_of
from config.cli.here import settings_here, ws_url
from config.cli.listening import Listener
from config.cli.resuming import PrintingListener
from config.cli.terminal import as_typed, names_of, say, write
from message_center_client.client import checked_token
from message_center_client.websocket import checked


@click.command(epilog="Example: message-center listen --channel orders --last 20 --json")
@click.argument("url", required=False)
@click.option(
    "--channel",
    "channels",
    metavar="NAME",
    multiple=True,
    help="Listen to this channel, or to 'news.*'. Can be given several times.",
)
@click.option("--last", metavar="N", type=click.IntRange(0, 1000), help="Begin with the N newest.")
@click.option("--last-id", metavar="ID", help="Go on after the message with this id.")
@click.option("--token", metavar="TOKEN", help="A token, where one is needed to listen.")
@click.option("--json", "is_json", is_flag=True, help="A line of JSON for each; none is missing.")
def listen(
    url: str | None,
    channels: tuple[str, ...],
    last: int | None,
    last_id: str | None,
    token: str | None,
    is_json: bool,
) -> None:
    """Print what arrives at URL.

    Without a URL it listens to the server of this machine. It reconnects by itself, and ends with
    status 1 where that would be of no use: when it is refused or thrown out. With --json it then
    goes on where it was; without, it misses what came meanwhile.
    """
    if url is None:
        _, settings = settings_here()
        url = ws_url(settings)
    asked = {
        "channels": text_of(names_of(channels, "--channel")) if channels else None,
        "last": None if last is None else str(last),
        "last_id": last_id,
    }
    listener = _listener(as_typed(url, "URL"), asked, token, is_json=is_json)
    with suppress(KeyboardInterrupt):
        listener.run()
        sys.exit(1)


def _listener(
    url: str, asked: dict[str, str | None], token: str | None, *, is_json: bool
) -> Listener | PrintingListener:
    query = urlencode({name: text for name, text in asked.items() if text is not None}, safe=",*")
    try:
        if token is not None:
            checked_token(token)
        parts = urlsplit(checked(url))
        url = parts._replace(query="&".join(filter(None, (parts.query, query)))).geturl()
        if is_json:
            return PrintingListener(url, write, say, token)
        return Listener(url, write, say, token)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="URL") from problem
