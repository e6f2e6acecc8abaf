"""Messages of the log that follow each other: which of them are whose, and what is shown of one.

They are read from a page only when they are wanted: whoever watches one user looks at few of
them. No I/O here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.channels import reaches
from common.json_content import str_of, value_of
from common.message import KICK_MARK, Mark, parse_id
from common.page import NOBODY, Page
from http_api.watching import events
from http_api.watching.questions import Only, Wanted

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Logged:
    """One message of the log; its content is text, or JsonText."""

    id: int
    text_id: str
    content: str
    recipients: tuple[str, ...]
    event: str = ""
    except_: str = ""

    def channel_for(self, wanted: Wanted) -> str | None:
        """Under which name those who want this get it; None: it is for everybody."""
        if wanted is None:
            return self.recipients[0] if self.recipients else None
        return next((name for name in self.recipients if reaches(name, wanted)), None)

    def is_for(self, wanted: Wanted) -> bool:
        """Whether they get it."""
        if wanted is None or not self.recipients:
            return True
        return any(reaches(name, wanted) for name in self.recipients)

    def shown(self, epoch: str, wanted: Wanted) -> Shown:
        """As in the JSON format of listeners, and to whom it was pushed: to nobody is to all."""
        to = self.recipients
        if isinstance(wanted, Only):
            to = tuple(name for name in to if reaches(name, wanted))
        shown: Shown = {
            "id": f"{epoch}-{self.text_id}",
            "channel": self.channel_for(wanted),
            "content": value_of(self.content),
            "time": self.id >> 64,
            "to": list(to),
        }
        if self.event:
            shown["event"] = self.event
        if self.except_:
            shown["except"] = self.except_
        return shown


@dataclass(frozen=True, slots=True)
class Stretch:
    """All messages after one place up to another; `missing`: why some before them are not here."""

    after: Mark
    upto: Mark
    page: Page = field(default_factory=lambda: Page([], []))
    missing: str = ""
    is_end: bool = True
    _events: dict[int, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def places(self, wanted: Wanted, after: int | None = None) -> Sequence[int]:
        """Where in the page the messages are that they get after an id, in their order."""
        places = self._places(wanted)
        if after is None or after <= self.after.id:
            return places
        start = bisect_right(self.page.ids, after, key=parse_id)
        return places[bisect_left(places, start) :]

    def _places(self, wanted: Wanted) -> Sequence[int]:
        page = self.page
        if page.addressing is None:
            return range(len(page.ids))
        if wanted is not None:
            return page.addressing.places(wanted)
        return [place for place, names in enumerate(page.recipients or ()) if is_message(names)]

    def event(self, place: int, wanted: Wanted) -> bytes:
        """The message at a place as an event. It is written once if it is the same for all."""
        recipients = self.page.recipients
        is_same = wanted is None or not recipients or not recipients[place]
        written = self._events.get(place) if is_same else None
        if written is None:
            written = events.message(self.at(place).shown(self.upto.epoch, wanted))
            if is_same:
                self._events[place] = written
        return written

    def id_at(self, place: int) -> str:
        """The id of the message at a place, as whoever reads comes back with it."""
        return f"{self.upto.epoch}-{self.page.ids[place].decode()}"

    def at(self, place: int) -> Logged:
        """The message at a place of the page."""
        return logged(self.page, place)


def is_message(recipients: tuple[str, ...]) -> bool:
    """Whether it is neither an order to throw somebody out, nor what is not ours."""
    return not recipients or (recipients != NOBODY and not recipients[0].startswith(KICK_MARK))


def logged(page: Page, place: int) -> Logged:
    """The message at a place of a page."""
    text = page.ids[place]
    recipients = page.recipients[place] if page.recipients else ()
    event, but = (
        each[place].decode(errors="replace") if each else "" for each in (page.events, page.excepts)
    )
    return Logged(
        parse_id(text), text.decode(), str_of(page.contents[place]), recipients, event, but
    )


def messages_of(page: Page, floor: int) -> Iterator[Logged]:
    """The messages of a page, but not those below the id from which on the log is whole."""
    for place in range(len(page.ids)):
        message = logged(page, place)
        if message.id >= floor and is_message(message.recipients):
            yield message
