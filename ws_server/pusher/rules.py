"""What a client may do, by the signatures that it shows. No I/O here."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from common.channels import MEMBERS, is_name
from common.errors import MessageCenterError
from common.pusher import signing
from common.pusher.names import to_ours, user_to_ours
from ws_server.pusher.client import Client, Member, written
from ws_server.pusher.kinds import Kind, kind_of
from ws_server.pusher.requests import ClientEvent, SignIn, Subscribe, Wrong

LONGEST_DATA = 10 * 1024  # Bytes of what a client says of its user.
LONGEST_USER = 200  # Characters.
BAD_CHANNEL, LIMIT, AUTH = "InvalidChannel", "LimitReached", "AuthError"
UNAUTHORIZED = 401


class Limits(NamedTuple):
    """Of one client: its channels, and the content of what it sends."""

    channels: int
    content_bytes: int


class NotSubscribed(MessageCenterError):
    """Why a client may not enter a channel, with a type and a status as Pusher has them."""

    def __init__(self, kind: str, reason: str, status: int) -> None:
        super().__init__(reason)
        self.kind, self.reason, self.status = kind, reason, status


@dataclass(frozen=True, slots=True)
class Admission:
    """A client may enter a channel: `name` is how it is named here."""

    channel: str
    name: str
    kind: Kind
    member: Member | None = None


def admit(client: Client, asked: Subscribe, most_channels: int) -> Admission:
    """What is let in.

    Raises:
        NotSubscribed: it is not.
    """
    channel = asked.channel
    try:
        name = to_ours(client.app, channel)
    except ValueError as problem:
        raise NotSubscribed(BAD_CHANNEL, str(problem), 400) from None
    kind = kind_of(channel)
    if kind.user is not None and kind.user != client.user:
        raise NotSubscribed(AUTH, "this is the channel of a user who has to sign in", UNAUTHORIZED)
    if kind.is_guarded:
        _check_signature(client, asked)
    if channel not in client.channels and len(client.channels) >= most_channels:
        raise NotSubscribed(LIMIT, f"more than {most_channels} channels", 4004)
    member = _member(client, asked, name) if kind.has_members else None
    return Admission(channel, name, kind, member)


def _check_signature(client: Client, asked: Subscribe) -> None:
    # What there is of `channel_data` is signed, too, also of who is to be no member.
    text = signing.of_channel(client.socket_id, asked.channel, asked.channel_data or None)
    if not signing.is_authorised(client.app, text, asked.auth):
        raise NotSubscribed(AUTH, "the signature is not valid", UNAUTHORIZED)
    if len(asked.channel_data.encode(errors="replace")) > LONGEST_DATA:
        raise NotSubscribed(LIMIT, f"channel_data has more than {LONGEST_DATA} bytes", 413)


def _member(client: Client, asked: Subscribe, name: str) -> Member:
    """Who it is to be: without data of the channel it is who has signed in."""
    member = member_of(asked.channel_data, "user_id") if asked.channel_data else client.signed_in
    if member is None or len(member.user) > LONGEST_USER:
        raise NotSubscribed(AUTH, 'channel_data is a JSON object with a "user_id"', 400)
    if not is_name(MEMBERS + name):
        raise NotSubscribed(BAD_CHANNEL, "the name is too long for a channel with members", 400)
    return member


def user_of(client: Client, asked: SignIn) -> tuple[Member, str]:
    """The user who signs in, as its application names it, and as we do.

    Raises:
        Wrong: it may not.
    """
    text = signing.of_user(client.socket_id, asked.user_data)
    if not signing.is_authorised(client.app, text, asked.auth):
        raise Wrong("the signature is not valid", 4009)
    if len(asked.user_data.encode(errors="replace")) > LONGEST_DATA:
        raise Wrong(f"user_data has more than {LONGEST_DATA} bytes", 4009)
    member = member_of(asked.user_data, "id")
    if member is None:
        raise Wrong('user_data is a JSON object with an "id"', 4009)
    try:
        return member, user_to_ours(client.app, member.user)
    except ValueError as problem:
        raise Wrong(str(problem), 4009) from None


def check_event(client: Client, asked: ClientEvent, most_bytes: int) -> None:
    """Whether an event of a client is passed on.

    Raises:
        Wrong: it is not.
    """
    if not kind_of(asked.channel).takes_client_events:
        raise Wrong("client events are for private and presence channels, and not encrypted ones")
    if asked.channel not in client.channels:
        raise Wrong("client events are for channels to which the client is subscribed")
    if len(asked.content.encode()) > most_bytes:
        raise Wrong(f"the data of a client event has {most_bytes} bytes at most")


def member_of(data: str, field: str) -> Member | None:
    """Whom a JSON object describes, by a field that may be a number; None if that is no name.

    Nor is it anybody, if other members could not read what is told of it.
    """
    try:
        said = json.loads(data)
        value = said[field]
        info = written(value, said.get("user_info"))
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    is_whole = not any("\ud800" <= each <= "\udfff" for each in text)  # Or it is no UTF-8.
    return Member(text, info) if text and is_whole else None
