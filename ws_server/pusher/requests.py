"""What a client says in Pusher's protocol, from text to requests. No I/O here.

Nothing is done or permitted here. An event that is not known is passed over, as Pusher does: some
libraries say more than others.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from common.errors import MessageCenterError
from common.json_content import JsonText, text_of
from common.message import is_event
from ws_server.pusher.kinds import CLIENT_EVENT


class Wrong(MessageCenterError):
    """The client has said something that cannot be; `code` is one of Pusher's, if there is one."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`auth` is `KEY:SIGNATURE`; `channel_data` is JSON, of which the signature is, too."""

    channel: str
    auth: str = ""
    channel_data: str = ""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The client wants to hear no more of a channel."""

    channel: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """The client says who its user is; `auth` is `KEY:SIGNATURE` of `user_data`, which is JSON."""

    auth: str
    user_data: str


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """For all others on a channel; `content` is JsonText if it was an object or a list."""

    event: str
    channel: str
    content: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""


@dataclass(frozen=True, slots=True)
class Pong:
    """I am here."""


# What pusher-js says all the time where its place is remembered: it need not be parsed.
USUAL_PONG, PONG = '{"event":"pusher:pong","data":{}}', Pong()

Request = Subscribe | Unsubscribe | SignIn | ClientEvent | Ping | Pong


def parse_request(data: str | bytes) -> Request | None:
    """None if it asks for nothing that is known.

    Raises:
        Wrong: it is no message of the protocol, or lacks something.
    """
    if data == USUAL_PONG:
        return PONG
    said = _object(data if isinstance(data, str) else "")
    if said is None:
        raise Wrong('a message is a JSON object with an "event"')
    event = said.get("event")
    if not isinstance(event, str):
        raise Wrong('a message has an "event", which is text')
    if event.startswith(CLIENT_EVENT):
        return _client_event(event, said)
    read = READERS.get(event)
    return None if read is None else read(event, said)


def _subscribe(event: str, said: dict[str, Any]) -> Subscribe:
    given = _data(event, said)
    return Subscribe(
        _text(event, given, "channel"),
        _text(event, given, "auth", ""),
        _text(event, given, "channel_data", ""),
    )


def _unsubscribe(event: str, said: dict[str, Any]) -> Unsubscribe:
    return Unsubscribe(_text(event, _data(event, said), "channel"))


def _sign_in(event: str, said: dict[str, Any]) -> SignIn:
    given = _data(event, said)
    return SignIn(_text(event, given, "auth"), _text(event, given, "user_data"))


def _client_event(event: str, said: dict[str, Any]) -> ClientEvent:
    if not is_event(event):
        raise Wrong("the name of a client event is 200 characters at most")
    content = said.get("data", "")
    return ClientEvent(event, _text(event, said, "channel"), _content(content))


def _content(value: Any) -> str:
    """Text stays as it is; an object or a list becomes JsonText; anything else its JSON."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict | list):
        return json.dumps(value)
    try:
        text: JsonText = text_of(value)
    except Exception as refused:
        raise Wrong(str(refused)) from None
    return text


def _data(event: str, said: dict[str, Any]) -> dict[str, Any]:
    """Some libraries send an object, others its text."""
    given = said.get("data")
    found = _object(given) if isinstance(given, str) else given
    if not isinstance(found, dict):
        raise Wrong(f'{event} has "data", which is an object')
    return found


def _text(event: str, given: dict[str, Any], name: str, default: str | None = None) -> str:
    value = given.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise Wrong(f'{event} has a "{name}", which is text')
    return value


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
        if "\\u" in text:  # Half of a pair is no text, and could not be sent to anybody.
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


READERS: dict[str, Callable[[str, dict[str, Any]], Request]] = {
    "pusher:ping": lambda *_: Ping(),
    "pusher:pong": lambda *_: Pong(),
    "pusher:subscribe": _subscribe,
    "pusher:unsubscribe": _unsubscribe,
    "pusher:signin": _sign_in,
}
