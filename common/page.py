"""A page: some messages of the log that follow each other, and their recipients.

From entries, as Redis answers them, to parts that are sent at once. No I/O here.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from string import ascii_letters, digits
from typing import Any, Self

from common.addressing import Addressing
from common.json_content import checked
from common.message import KICK_MARK, parse_id

NOBODY = ("",)  # The recipients of an entry of the log that is no message of ours.
RECIPIENT_BYTES = f"{ascii_letters}{digits}_.:@- {KICK_MARK}".encode()
CONTENT, JSON, RECIPIENTS, RECEIPT = b"c", b"j", b"a", b"r"  # Names of an entry's fields.
CONTENTS = frozenset((CONTENT, JSON))

# Of a part: so many messages at the most, of about so many bytes.
PART_MESSAGES = 500
PART_BYTES = 256 * 1024
NAME_BYTES = 100  # What each recipient counts: a short message for 1000 of them is large, too.


@dataclass(slots=True)
class Page:
    """Some messages of the log in their order: `ids[i]` is the id of `contents[i]`.

    A content is text, or JsonBytes.

    `recipients[i]` are the channels that it was pushed to, none if it is for everybody; or
    `KICK_MARK + USER` alone, which no channel is named, for a `Kick`; or NOBODY.
    None instead of the list: all of the page is for everybody.

    `receipts[i]` is empty, or when it was pushed, in milliseconds, if its receipt is asked for.
    None instead of the list: no receipt is asked for.
    """

    ids: list[bytes]
    contents: list[bytes]
    recipients: list[tuple[str, ...]] | None = None
    receipts: list[bytes] | None = None
    _addressing: Addressing | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def of_entries(cls, entries: Any) -> Self:
        """From entries of the log as Redis answers them, each [id, [b"c", content, …]].

        JSON is named b"j" instead. One with recipients has two words more: b"a", recipients. What
        somebody else has written there is none of our messages, and stops none: such an entry
        is in the page, so that cursors move past it, and is for nobody. A message whose receipt is
        asked for has two words more at its end: b"r", the receipt.
        """
        ids = [entry[0] for entry in entries]
        fields = [entry[1] for entry in entries]
        addressed = [pairs for pairs in fields if len(pairs) > 2]
        kinds = {pairs[0] for pairs in fields}
        # All at once: one by one it would take longer than all the rest.
        if not (kinds <= CONTENTS and _are_ours(addressed)):
            if any(map(_receipt, addressed)):
                return cls._of_tracked(ids, fields)
            return cls(ids, *_of_some(fields))
        contents = [pairs[1] for pairs in fields]
        if JSON in kinds:
            contents = list(map(_content, fields))
        return cls(ids, contents, [_recipients(pairs) for pairs in fields] if addressed else None)

    @classmethod
    def _of_tracked(cls, ids: list[bytes], fields: list[list[bytes]]) -> Self:
        if set(map(len, fields)) == {4} and {pairs[2] for pairs in fields} == {RECEIPT}:
            # Nearly always: if all are for everybody, and all ask for one.
            receipts, bare = [pairs[3] for pairs in fields], [pairs[:2] for pairs in fields]
        else:
            receipts = list(map(_receipt, fields))
            bare = [
                pairs[:-2] if receipt else pairs
                for pairs, receipt in zip(fields, receipts, strict=True)
            ]
        page = cls.of_entries(list(zip(ids, bare, strict=True)))
        page.receipts = receipts
        return page

    def __bool__(self) -> bool:
        return bool(self.ids)

    @property
    def last(self) -> int:
        """The id of its last message, as a number."""
        return parse_id(self.ids[-1])

    @property
    def sizes(self) -> list[int]:
        """How many bytes each content has."""
        return list(map(len, self.contents))

    @property
    def addressing(self) -> Addressing | None:
        """Which of its messages are for whom; None if all are for everybody."""
        if self._addressing is None and self.recipients is not None:
            self._addressing = Addressing(self.recipients)
        return self._addressing

    def after(self, id_: int) -> "Page":
        """Its messages that come after this id."""
        start = bisect_right(self.ids, id_, key=parse_id)
        return self._part(start, len(self.ids)) if start else self

    def parts(self, *, at_kicks: bool = True) -> Iterator["Page"]:
        """Parts of about PART_BYTES at most; one message at least in each.

        A kick is the last of its part, so that what was pushed after it is sent after it.
        """
        kicked = self._places_after_kicks() if at_kicks else ()
        start = size = 0
        for at, more in enumerate(self._sizes()):
            is_full = size + more > PART_BYTES or at - start == PART_MESSAGES
            if at > start and (is_full or at in kicked):
                yield self._part(start, at)
                start, size = at, 0
            size += more
        if start < len(self.ids):
            yield self._part(start, len(self.ids)) if start else self

    def _sizes(self) -> Iterable[int]:
        sizes = map(len, self.contents)
        if self.recipients is None:
            return sizes
        names = map(len, self.recipients)
        return (size + NAME_BYTES * count for size, count in zip(sizes, names, strict=True))

    def _places_after_kicks(self) -> set[int]:
        recipients = self.recipients or ()
        return {
            at + 1
            for at, names in enumerate(recipients)
            if names and names[0].startswith(KICK_MARK)
        }

    def _part(self, start: int, end: int) -> "Page":
        recipients = self.recipients[start:end] if self.recipients else None
        if recipients and not any(recipients):
            recipients = None  # All of this part is for everybody.
        receipts = self.receipts[start:end] if self.receipts else None
        if receipts and not any(receipts):
            receipts = None
        return Page(self.ids[start:end], self.contents[start:end], recipients, receipts)


def _are_ours(addressed: Sequence[list[bytes]]) -> bool:
    """Whether all entries with more than a content are as settle.lua writes them."""
    if not addressed:
        return True
    if {pairs[2] for pairs in addressed} != {RECIPIENTS} or max(map(len, addressed)) > 4:
        return False
    names = b" ".join([b"", *[pairs[3] for pairs in addressed], b""])
    return b"  " not in names and not names.translate(None, RECIPIENT_BYTES)


def _of_some(fields: Sequence[list[bytes]]) -> tuple[list[bytes], list[tuple[str, ...]]]:
    """Contents and recipients of entries that are not all ours."""
    contents: list[bytes] = []
    recipients: list[tuple[str, ...]] = []
    for pairs in fields:
        is_ours = pairs[0] in CONTENTS and _are_ours([pairs] if len(pairs) > 2 else [])
        contents.append(_content(pairs) if is_ours else b"")
        recipients.append(_recipients(pairs) if is_ours else NOBODY)
    return contents, recipients


def _receipt(pairs: list[bytes]) -> bytes:
    """Of an entry; empty if it asks for none."""
    return pairs[-1] if len(pairs) in (4, 6) and pairs[-2] == RECEIPT else b""


def _content(pairs: list[bytes]) -> bytes:
    return checked(pairs[1]) if pairs[0] == JSON else pairs[1]


def _recipients(pairs: list[bytes]) -> tuple[str, ...]:
    return tuple(pairs[3].decode().split(" ")) if len(pairs) > 2 else ()


def has_id(ids: Sequence[bytes], id_: int) -> bool:
    """Whether sorted ids have this one among them."""
    count = bisect_right(ids, id_, key=parse_id)
    return count > 0 and parse_id(ids[count - 1]) == id_
