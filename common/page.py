"""A page: some messages of the log that follow each other, and their recipients.

From entries, as Redis answers them, to parts that are sent at once. No I/O here.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Self

from common.addressing import Addressing
from common.channels import CHARACTERS
from common.connection_id import NONE, number_of
from common.json_content import checked
from common.message import KICK_MARK, parse_id

NOBODY = ("",)  # The recipients of an entry of the log that is no message of ours.
RECIPIENT_BYTES = f"{CHARACTERS} {KICK_MARK}".encode()
# Names of an entry's fields.
CONTENT, JSON, RECIPIENTS, EVENT, EXCEPT, RECEIPT = b"c", b"j", b"a", b"e", b"x", b"r"
CONTENTS = frozenset((CONTENT, JSON))
LISTS = ("recipients", "receipts", "events", "excepts")  # Of a page, besides ids and contents.
MORE = (EVENT, EXCEPT, RECEIPT)  # Some of these may stand behind the others, in this order.

# Of a part: so many messages at the most, of about so many bytes.
PART_MESSAGES = 500
PART_BYTES = 256 * 1024
# Where what an entry has more begins, and where its event, its except and its receipt are; 0: none.
Shape = tuple[int, int, int, int]
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

    `events[i]` is empty, or the name of its event; `excepts[i]` is empty, or the id of the
    connection that is not to get it. None instead of a list: there are none.
    """

    ids: list[bytes]
    contents: list[bytes]
    recipients: list[tuple[str, ...]] | None = None
    receipts: list[bytes] | None = None
    events: list[bytes] | None = None
    excepts: list[bytes] | None = None
    _addressing: Addressing | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def of_entries(cls, entries: Any) -> Self:
        """From entries of the log as Redis answers them, each [id, [b"c", content, …]].

        JSON is named b"j" instead. One with recipients has two words more: b"a", recipients. What
        somebody else has written there is none of our messages, and stops none: such an entry
        is in the page, so that cursors move past it, and is for nobody. Behind all that, a message
        may have b"e", its event; b"x", who is not to get it; b"r", the receipt.
        """
        ids = [entry[0] for entry in entries]
        fields = [entry[1] for entry in entries]
        addressed = [pairs for pairs in fields if len(pairs) > 2]
        kinds = {pairs[0] for pairs in fields}
        # All at once: one by one it would take longer than all the rest.
        if not (kinds <= CONTENTS and _are_ours(addressed)):
            if any(map(_has_more, addressed)):
                return cls._of_more(ids, fields, kinds)
            return cls(ids, *_of_some(fields))
        recipients = [_recipients(pairs) for pairs in fields] if addressed else None
        return cls(ids, _contents(fields, kinds), recipients)

    @classmethod
    def _of_more(cls, ids: list[bytes], fields: list[list[bytes]], kinds: set[bytes]) -> Self:
        are_alike = kinds <= CONTENTS and set(map(len, fields)) == {4}
        if are_alike and {pairs[2] for pairs in fields} == {RECEIPT}:
            # Nearly always: if all are for everybody, and all ask for a receipt.
            return cls(ids, _contents(fields, kinds), None, [pairs[3] for pairs in fields])
        known = _SHAPES.get
        shapes = [known(tuple(pairs[::2]), BARE) if len(pairs) > 2 else BARE for pairs in fields]
        shaped = list(zip(fields, shapes, strict=True))
        bare = [pairs[: shape[0]] if shape[0] else pairs for pairs, shape in shaped]
        page = cls.of_entries(list(zip(ids, bare, strict=True)))
        page.events, page.excepts, page.receipts = (
            [pairs[shape[at]] if shape[at] else b"" for pairs, shape in shaped] for at in (1, 2, 3)
        )
        return page.without_empty()

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

    def excepted(self) -> dict[int, set[int]]:
        """By the number of each connection: the places of the messages that it is not to get."""
        found: dict[int, set[int]] = {}
        for place, id_ in enumerate(self.excepts or ()):
            if id_:
                found.setdefault(number_of(id_.decode("latin-1")), set()).add(place)
        found.pop(NONE, None)
        return found

    def after(self, id_: int) -> "Page":
        """Its messages that come after this id."""
        start = bisect_right(self.ids, id_, key=parse_id)
        return self._part(start, len(self.ids)) if start else self

    def followed_by(self, other: "Page") -> "Page":
        """The messages of both, without their recipients."""
        more = [_joined(self, other, name) for name in LISTS[1:]]
        return Page(self.ids + other.ids, self.contents + other.contents, None, *more)

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

    def without_empty(self) -> Self:
        """Itself, with None for each list in which nothing stands."""
        for name in LISTS:
            if not any(getattr(self, name) or ()):
                setattr(self, name, None)
        return self

    def _part(self, start: int, end: int) -> "Page":
        page = Page(self.ids[start:end], self.contents[start:end])
        for name in LISTS:
            words = getattr(self, name)
            setattr(page, name, words and words[start:end])
        return page.without_empty()


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


def _has_more(pairs: list[bytes]) -> bool:
    return tuple(pairs[::2]) in _SHAPES


def _joined(page: Page, other: Page, name: str) -> list[bytes] | None:
    first, second = getattr(page, name), getattr(other, name)
    if not (first or second):
        return None
    return (first or [b""] * len(page.ids)) + (second or [b""] * len(other.ids))


def _shapes() -> Iterator[tuple[tuple[bytes, ...], Shape]]:
    """The names of an entry's fields; where what it has more begins, and the places of MORE."""
    for content, to, chosen in product(CONTENTS, (True, False), product((True, False), repeat=3)):
        names = [content, RECIPIENTS] if to else [content]
        begin = 2 * len(names)
        names += [name for name, is_there in zip(MORE, chosen, strict=True) if is_there]
        event, but, receipt = (2 * names.index(name) + 1 if name in names else 0 for name in MORE)
        if any(chosen):
            yield tuple(names), (begin, event, but, receipt)


BARE: Shape = (0, 0, 0, 0)
_SHAPES = dict(_shapes())


def _contents(fields: list[list[bytes]], kinds: set[bytes]) -> list[bytes]:
    return list(map(_content, fields)) if JSON in kinds else [pairs[1] for pairs in fields]


def _content(pairs: list[bytes]) -> bytes:
    return checked(pairs[1]) if pairs[0] == JSON else pairs[1]


def _recipients(pairs: list[bytes]) -> tuple[str, ...]:
    return tuple(pairs[3].decode().split(" ")) if len(pairs) > 2 else ()


def has_id(ids: Sequence[bytes], id_: int) -> bool:
    """Whether sorted ids have this one among them."""
    count = bisect_right(ids, id_, key=parse_id)
    return count > 0 and parse_id(ids[count - 1]) == id_
