"""What a client may listen to that enters with `auth: {token, channels}`. No I/O here."""

from typing import Any

from common.refused import Refused
from ws_server.door.listen import MOST_LAST, Listen, choose, grant_of
from ws_server.door.policy import Policy
from ws_server.door.socketio_listen import FORMAT
from ws_server.socketio.session import last_id, session_of


def listen_of(said: dict[str, Any], policy: Policy, address: str) -> Listen:
    """What it listens to, and after which message it goes on.

    Raises:
        Refused: it may not, or says what cannot be.
    """
    token = said.get("token")
    if token is not None and not isinstance(token, str):
        raise Refused("bad_token", "auth.token is text")
    if policy.tokens is not None and not token:
        raise Refused("unauthorized", "a token is needed to listen: auth.token")
    grant = grant_of(policy, {token} if token else set())
    wanted = said.get("channels")
    names = (
        grant.default if wanted is None else choose(names_of(wanted), grant, policy.max_channels)
    )
    return Listen(
        format=FORMAT,
        last_id=last_id(said, grant.user),
        last=_last(said.get("last", 0)),
        channels=names,
        grant=grant,
        address=address,
        session=session_of(said.get("pid"), grant.user),
    )


def names_of(wanted: object) -> list[str]:
    """Of channels, as a client writes them.

    Raises:
        Refused: they are not written so.
    """
    names = [wanted] if isinstance(wanted, str) else wanted
    if not (isinstance(names, list) and all(isinstance(each, str) for each in names)):
        raise Refused("bad_channel", "channels are a list of names", status=400)
    return names


def _last(count: object) -> int:
    if type(count) is not int or not 0 <= count <= MOST_LAST:
        raise Refused("bad_last", f"auth.last is a number from 0 to {MOST_LAST}")
    return count
