"""What Pusher's backends trigger: from the body of a request to messages. No I/O here.

An event for several channels is one message. Its data is the content, as text: what a backend has
encoded arrives as it was, byte by byte. Data that is JSON itself is content that is JSON.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from common import json_content
from common.connection_id import is_id
from common.message import LONGEST_EVENT, Message, is_event
from common.pusher.apps import App
from common.pusher.names import to_ours
from common.refused import Refused
from http_api.reading import documents
from http_api.reading.limits import BATCH_MESSAGES, BATCH_VALUES, Limits
from http_api.reading.reading import AT_A_TIME
from http_api.reading.recipients import shown

OWN = ("pusher:", "pusher_internal:")  # Events of the protocol itself.


class Triggered(NamedTuple):
    """One event. `channels` are as Pusher names them; `info` is what is asked of them."""

    message: Message
    channels: tuple[str, ...]
    info: str | None


def read_event(app: App, body: bytes, limits: Limits) -> Triggered:
    """The event of `POST /apps/{id}/events`.

    Raises:
        Refused: something of it is wrong.
    """
    return _event(app, _object(documents.read(documents.text_of(body))), limits)


def read_batch(app: App, body: bytes, limits: Limits) -> Iterator[list[Triggered]]:
    """The events of `POST /apps/{id}/batch_events`, a few at a time.

    Raises:
        Refused: one of them is wrong, and its `index` says which; or the whole is.
    """
    text = documents.text_of(body)
    if json_content.holds_more(text, BATCH_VALUES):
        raise Refused("batch_too_large", f"The batch has more than {BATCH_VALUES} values")
    batch = _object(documents.read_bounded(text)).get("batch")
    if not isinstance(batch, list) or not batch:
        raise bad("batch must be a list of events")
    if len(batch) > BATCH_MESSAGES:
        reason = f"The batch has {len(batch)} events; at most {BATCH_MESSAGES} are allowed"
        raise Refused("batch_too_large", reason)
    events = (_of_batch(app, fields, index, limits) for index, fields in enumerate(batch))
    while some := list(islice(events, AT_A_TIME)):
        yield some


def channel_of(app: App, channel: Any) -> str:
    """A channel as it is named here.

    Raises:
        Refused: there is no such channel.
    """
    if not isinstance(channel, str):
        raise bad("the name of a channel must be text")
    try:
        return to_ours(app, channel)
    except ValueError as problem:
        raise bad(f"Invalid channel name {shown(channel)}: {problem}") from None


def bad(reason: str) -> Refused:
    """What of a request cannot be read, or may not be."""
    return Refused("bad_trigger", reason)


def _of_batch(app: App, fields: Any, index: int, limits: Limits) -> Triggered:
    try:
        return _event(app, _object(fields), limits)
    except Refused as refused:
        raise refused.of_item(index) from None


def _event(app: App, fields: dict[str, Any], limits: Limits) -> Triggered:
    name = _name(fields)
    # Before any of it is looked at: a name takes longer than to count them.
    given = _channels(fields, limits.channels)
    content = _content(fields, limits.content_bytes)
    socket_id = _text(fields, "socket_id", is_id)
    info = _text(fields, "info", lambda text: len(text) <= LONGEST_EVENT)
    ours = tuple(dict.fromkeys(channel_of(app, channel) for channel in given))
    return Triggered(Message(content, ours, name, socket_id), tuple(dict.fromkeys(given)), info)


def _name(fields: dict[str, Any]) -> str:
    name = fields.get("name")
    if not isinstance(name, str) or not is_event(name):
        raise bad(f"name must be text of 1 to {LONGEST_EVENT} characters")
    if name.startswith(OWN):
        raise bad(f"the name of an event cannot begin with {' or '.join(OWN)}")
    return name


def _channels(fields: dict[str, Any], most: int) -> Sequence[Any]:
    given = [fields[name] for name in ("channels", "channel") if fields.get(name) is not None]
    if len(given) != 1:
        raise bad("one of channels and channel is needed, and no more")
    channels = given if fields.get("channel") is not None else given[0]
    if isinstance(channels, dict):
        channels = list(channels.values())  # As PHP writes a list from which it has removed one.
    if not isinstance(channels, list) or not channels:
        raise bad("channels must be a list of one channel at least")
    if len(channels) > most:
        reason = f"Cannot trigger on more than {most} channels at once"
        raise bad(reason)
    return channels


def _content(fields: dict[str, Any], most: int) -> str:
    data = fields.get("data")
    if data is None:
        raise bad("data is missing")
    if not isinstance(data, str):
        data = _text_of(data)
    try:
        size = len(data.encode())
    except UnicodeEncodeError:
        raise bad("data holds half of a surrogate pair") from None
    if size > most:
        # In the words of Pusher's server, for which a test of its library for PHP looks.
        allowed = f"The data content of this event exceeds the allowed maximum ({most} bytes)"
        raise Refused("content_too_large", f"{allowed}: it has {size}")
    return data


def _text_of(data: Any) -> str:
    """JSON that nobody has encoded: an object or a list arrives as it is, all else as its text."""
    return json_content.text_of(data) if isinstance(data, dict | list) else json.dumps(data)


def _text(fields: dict[str, Any], name: str, is_right: Callable[[str], bool]) -> str | None:
    text = fields.get(name)
    if text is None:
        return None
    if not isinstance(text, str) or not is_right(text):
        raise bad(f"Invalid {name}: {shown(text)}")
    return text


def _object(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise bad("a JSON object is needed")
    return document
