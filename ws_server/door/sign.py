"""`python -m ws_server.door.sign`: the command `message-center token`.

For trying out and for shell scripts. A backend does not need this: it signs its tokens itself, in
its own language.
"""

import os
import secrets
import time
from pathlib import Path

import click

from common.refused import Refused
from common.signing import signed
from config.errors import SettingsError
from config.load import load
from config.settings import Settings
from ws_server.door.tokens import Tokens


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: message-center token --user 42 --channel orders --seconds 600",
)
@click.option("--user", metavar="NAME", help="The user who listens with it.")
@click.option(
    "--channel",
    "channels",
    metavar="NAME",
    multiple=True,
    help="A channel that may be listened to, or 'news.*'. Can be given several times.",
)
@click.option(
    "--seconds",
    type=click.IntRange(1),
    default=3600,
    show_default=True,
    help="How long the token is valid.",
)
def main(user: str | None, channels: tuple[str, ...], seconds: int) -> None:
    """Print a token for a listener, signed with SUBSCRIBE_SECRET."""
    subject = {} if user is None else {"sub": user}
    now = int(time.time())
    times = {"iat": now, "exp": now + seconds, "jti": secrets.token_urlsafe(12)}
    claims = {**subject, "channels": list(channels), **times}
    try:
        click.echo(sign(claims, load(os.environ, Path(".env"))))
    except (SettingsError, Refused) as problem:
        raise click.ClickException(str(problem)) from problem


def sign(claims: dict[str, object], settings: Settings) -> str:
    """A token with these claims that this server accepts.

    Raises:
        SettingsError: there is no secret to sign with.
        Refused: the server would not accept it.
    """
    if not settings.subscribe_secret:
        raise SettingsError(
            "SUBSCRIBE_SECRET", "is not set, so there is nothing to sign a token with"
        )
    tokens = Tokens(settings)
    token = signed(claims, settings.subscribe_secret)
    tokens.check(token)
    return token


if __name__ == "__main__":
    main(prog_name="message-center token")
