"""A message, as it travels on the queue and as it stands in the log, and places in the log.

A message that is only content is queued as its UTF-8 bytes, so that the PHP
original can read the list and anybody can write it. Anything more is queued as
an envelope: the byte 0x1E, then one JSON object. No I/O here, and no parsing of
the queue: the settle script does that, once, inside Redis.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Any, Self

ENVELOPE_MARK = b"\x1e"
KICK_MARK = "!"
NOBODY = ("",)  # The addresses of an entry of the log that is no message of ours.
ADDRESS_BYTES = f"{ascii_letters}{digits}_.:@- {KICK_MARK}".encode()
CONTENT, ADDRESSES = b"c", b"a"  # Names of an entry's fields.
LARGEST_HALF = 2**64 - 1  # Of an id.
LARGEST_ID = 2**128 - 1
MOST_LOOKED_AT = 2000  # Of the newest messages of the log, to find those for somebody.
NUMBER = r"(0|[1-9]\d{0,19})"
MARK = re.compile(rf"([0-9a-z]{{1,20}})-{NUMBER}-{NUMBER}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Message:
    """What a backend pushes; without `channels` it is for everybody."""

    content: str
    channels: tuple[str, ...] = ()

    def to_item(self) -> bytes:
        """The bytes that go onto the list."""
        raw = self.content.encode()
        # Content that begins like an envelope must not be taken for one.
        if not self.channels and not raw.startswith(ENVELOPE_MARK):
            return raw
        addressed = {"channels": self.channels} if self.channels else {}
        return _envelope({"content": self.content, **addressed})


@dataclass(frozen=True, slots=True)
class Kick:
    """An order to close all connections of a user; it travels like a message that nobody reads."""

    user: str

    def to_item(self) -> bytes:
        """The bytes that go onto the list."""
        return _envelope({"kick": self.user})


def _envelope(fields: dict[str, object]) -> bytes:
    return ENVELOPE_MARK + json.dumps(fields).encode()


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages of the log in their order: `ids[i]` is the id of `contents[i]`.

    `addresses[i]` are the channels that it was pushed to, none if it is for everybody; or
    the one address `KICK_MARK + USER`, which no channel can have, for a `Kick`; or NOBODY.
    None instead of the list: all of the page is for everybody.
    """

    ids: list[bytes]
    contents: list[bytes]
    addresses: list[tuple[str, ...]] | None = None

    @classmethod
    def of_entries(cls, entries: Any) -> Self:
        """From entries of the log as Redis answers them, each [id, [b"c", content, …]].

        An addressed one has two words more: b"a", addresses. What somebody else has written there
        is none of our messages, and stops none: such an entry is in the page, so that cursors move
        past it, and is for nobody.
        """
        ids = [entry[0] for entry in entries]
        fields = [entry[1] for entry in entries]
        addressed = [pairs for pairs in fields if len(pairs) > 2]
        # All at once: one by one it would take longer than all the rest.
        if not _are_ours(fields, addressed):
            return cls(ids, *_of_some(fields))
        contents = [pairs[1] for pairs in fields]
        return cls(ids, contents, [_addresses(pairs) for pairs in fields] if addressed else None)

    def __bool__(self) -> bool:
        return bool(self.ids)


def _are_ours(fields: Sequence[list[bytes]], addressed: Sequence[list[bytes]]) -> bool:
    """Whether all entries are as settle.lua writes them."""
    if not {pairs[0] for pairs in fields} <= {CONTENT}:
        return False
    if not addressed:
        return True
    if {pairs[2] for pairs in addressed} != {ADDRESSES} or max(map(len, addressed)) > 4:
        return False
    names = b" ".join([b"", *[pairs[3] for pairs in addressed], b""])
    return b"  " not in names and not names.translate(None, ADDRESS_BYTES)


def _of_some(fields: Sequence[list[bytes]]) -> tuple[list[bytes], list[tuple[str, ...]]]:
    """Contents and addresses of entries that are not all ours."""
    contents: list[bytes] = []
    addresses: list[tuple[str, ...]] = []
    for pairs in fields:
        is_ours = _are_ours([pairs], [pairs] if len(pairs) > 2 else [])
        contents.append(pairs[1] if is_ours else b"")
        addresses.append(_addresses(pairs) if is_ours else NOBODY)
    return contents, addresses


def _addresses(pairs: list[bytes]) -> tuple[str, ...]:
    return tuple(pairs[3].decode().split(" ")) if len(pairs) > 2 else ()


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
            return None  # No Redis has such an id, and none would look for it.
        return cls(epoch, milliseconds << 64 | sequence)
