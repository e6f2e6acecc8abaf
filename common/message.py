"""A message as it travels on the queue, and places in the log.

A message that is only content is queued as its UTF-8 bytes, so that the PHP
original can read the list and anybody can write it. Anything more is queued as
an envelope: the byte 0x1E, then one JSON object. Content that is JSON travels in it as its text,
so that nobody on the way changes its numbers, with `"json": true`. `event` is a name that goes with
the content, and `except` the id of one connection that is not to get it. No I/O here, and no
parsing of the queue: the settle script does that, once, inside Redis.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from common.json_content import JsonText

ENVELOPE_MARK = b"\x1e"
KICK_MARK = "!"
LARGEST_HALF = 2**64 - 1  # Of an id.
LARGEST_ID = 2**128 - 1
MOST_LOOKED_AT = 2000  # Of the newest messages, to find those that are for one client.
NUMBER = r"(0|[1-9]\d{0,19})"
LONGEST_EVENT = 200  # Characters.
# Without control characters, and halves of surrogate pairs.
EVENT = re.compile(rf"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{{1,{LONGEST_EVENT}}}")
_quoted = json.JSONEncoder().encode
MARK = re.compile(rf"([0-9a-z]{{1,20}})-{NUMBER}-{NUMBER}", re.ASCII)


class Tracked(str):
    """The id of a push for which a receipt is asked for: who has got it is counted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What a backend pushes: text, or JsonText. Without `channels` it is for everybody.

    `event` is a name for what it tells of, and `except_` the id of a connection that is not to get
    it.
    """

    content: str
    channels: tuple[str, ...] = ()
    event: str | None = None
    except_: str | None = None

    def to_item(self) -> bytes:
        """The bytes that go onto the list."""
        more = more_of(self.event, self.except_)
        return item_of(self.content, self.content.encode(), self.channels, more=more)


@dataclass(frozen=True, slots=True)
class Kick:
    """An order to close all connections of a user; it travels like a message that nobody reads."""

    user: str

    def to_item(self) -> bytes:
        """The bytes that go onto the list."""
        return ENVELOPE_MARK + f'{{"kick": {_quoted(self.user)}}}'.encode()


def is_event(name: str) -> bool:
    """Whether it can be the name of an event."""
    return EVENT.fullmatch(name) is not None


def more_of(event: str | None, except_: str | None) -> str:
    """What an envelope says besides; nothing for a message with neither."""
    more = f', "event": {_quoted(event)}' if event else ""
    return f'{more}, "except": {_quoted(except_)}' if except_ else more


def item_of(
    content: str, raw: bytes, channels: Sequence[str], id_: str | None = None, more: str = ""
) -> bytes:
    """The item of a message whose content has been encoded: `raw`; `more` as `more_of` has it.

    Of ids only Tracked is in it.
    """
    # Content that begins like an envelope must not be taken for one.
    is_json, is_tracked = type(content) is JsonText, type(id_) is Tracked
    if not (channels or is_json or is_tracked or more or raw.startswith(ENVELOPE_MARK)):
        return raw
    # By hand: an encoder writes a text in a fourth of the time that it takes for a dict.
    recipients = f', "channels": [{", ".join(map(_quoted, channels))}]' if channels else ""
    kind = ', "json": true' if is_json else ""
    receipt = f', "receipt": {_quoted(id_)}' if is_tracked else ""
    fields = f'"content": {_quoted(content)}{kind}{recipients}{more}{receipt}'
    return ENVELOPE_MARK + f"{{{fields}}}".encode()


def parse_id(text: bytes) -> int:
    """A log id `ms-seq` as a number that sorts as Redis sorts it.

    Raises:
        ValueError: it is not a stream id.
    """
    milliseconds, _, sequence = text.partition(b"-")
    return int(milliseconds) << 64 | int(sequence)


def format_id(number: int) -> bytes:
    """The inverse of `parse_id`."""
    return b"%d-%d" % (number >> 64, number & 0xFFFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the log as clients know it: opaque to them, `EPOCH-MS-SEQ` to us.

    An id alone would not do: a Redis that has lost messages can give an id again,
    or go on behind it as if nothing had been there.
    """

    epoch: str
    id: int

    def __str__(self) -> str:
        return f"{self.epoch}-{format_id(self.id).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What `str` made; None if it did not."""
        found = MARK.fullmatch(text)
        if found is None:
            return None
        epoch, milliseconds, sequence = found[1], int(found[2]), int(found[3])
        if max(milliseconds, sequence) > LARGEST_HALF:
            return None  # There is no such id, and Redis refuses to look for one.
        return cls(epoch, milliseconds << 64 | sequence)
