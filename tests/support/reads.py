"""Stand-ins for what is only read: beats, pages of people, and the log."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

from flask import Flask

from common.json_content import JsonBytes, JsonText
from common.message import format_id
from common.page import Page
from common.store.beats import Beat, Beats, Said, Sample, Whole
from common.store.history import History, Look
from common.store.listener_counts import Count, ListenerCounts
from common.store.presence import PresenceReader
from common.store.presence_pages import NamesPage, PresencePages
from common.store.queue import Queue
from common.store.receipts import Known, ReceiptReader
from config.settings import Settings
from http_api.app import create_app
from http_api.watching.reads import ReadStores
from tests.support.fakes import FakePresenceReader, FakeQueue, FakeRevocations


class Faulty:
    """Fails while it is given a `fault`."""

    fault: Exception | None = None

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


class FakeBeats(Faulty, Beats):
    """What processes say, in memory. Unrealistic: nothing ever counts no more."""

    def __init__(self) -> None:
        self.whole = Whole(Sample(1_000_000, 0, 0))
        self.reads = 0

    def beat(self, process: str, said: Said) -> Sample:
        self._fail()
        others = [each for each in self.whole.beats if each.process != process]
        self.whole = replace(self.whole, beats=[*others, Beat(process, 0.0, dict(said))])
        return self.whole.sample

    def leave(self, process: str) -> None:
        self._fail()
        left = [each for each in self.whole.beats if each.process != process]
        self.whole = replace(self.whole, beats=left)

    def read(self) -> Whole:
        self.reads += 1
        self._fail()
        return self.whole

    def round_trip(self) -> float:
        self._fail()
        return 0.0002

    def server_version(self) -> str:
        return "Valkey 9.1.2"


class FakePeople(Faulty, PresencePages):
    """Users and channels by kind, in memory."""

    def __init__(self) -> None:
        self.names: dict[str, dict[str, int]] = {"users": {}, "channels": {}}

    def page(self, kind: str, after: str, prefix: str, limit: int) -> NamesPage:
        self._fail()
        found = sorted(
            name for name in self.names[kind] if name > after and name.startswith(prefix)
        )
        page = {name: self.names[kind][name] for name in found[:limit]}
        return NamesPage(page, is_last=len(found) <= limit)


class FakeCounts(Faulty, ListenerCounts):
    """Counts and members by channel, in memory, which need not agree."""

    def __init__(self) -> None:
        self.channels: dict[str, Count] = {}
        self.members: dict[str, set[str]] = {}
        self.asked: list[list[str]] = []

    def of(self, channels: Sequence[str]) -> list[Count]:
        self._fail()
        self.asked.append(list(channels))
        return [self.channels.get(name, Count(0, 0)) for name in channels]

    def members_of(self, channel: str) -> set[str]:
        self._fail()
        return self.members.get(channel, set())


class FakeHistory(Faulty, History):
    """A log in memory, which `write` makes longer.

    `room`: messages of one look. Unrealistic: nothing is forgotten but by `forget_upto`, and
    `wait` waits for nothing.
    """

    def __init__(self, room: int = 1000) -> None:
        self.epoch = ""
        self.start = self.floor = self.newest = 0
        self.entries: list[tuple[int, str, tuple[str, ...]]] = []
        self.room = room

    def write(self, content: str, *recipients: str) -> int:
        self.epoch = self.epoch or "e1"
        id_ = ((self.newest >> 64) + 1) << 64
        self.floor = self.floor or id_
        self.newest = id_
        self.entries.append((id_, content, recipients))
        return id_

    def forget_upto(self, id_: int) -> None:
        self.entries = [each for each in self.entries if each[0] > id_]
        self.floor = id_ + 1

    def lose_after(self, id_: int, epoch: str) -> None:
        self.entries = [each for each in self.entries if each[0] <= id_]
        self.newest = self.start = id_
        self.epoch = epoch

    def after(self, id_: int, most: int) -> Look:
        has = any(each[0] == id_ for each in self.entries)
        later = [each for each in self.entries if each[0] > id_]
        return replace(self._look(later, most), has=has, is_whole=id_ + 1 >= self.floor or has)

    def before(self, id_: int | None, most: int) -> Look:
        earlier = [each for each in self.entries if id_ is None or each[0] < id_]
        return self._look(earlier[::-1], most)

    def wait(self, id_: int, seconds: float) -> Look:
        return self.after(id_, self.room)

    def _look(self, some: list[tuple[int, str, tuple[str, ...]]], most: int) -> Look:
        self._fail()
        room = min(most, self.room)
        page = Page(
            [format_id(id_) for id_, *_ in some[:room]],
            [_raw(content) for _, content, _ in some[:room]],
            [recipients for *_, recipients in some[:room]],
        )
        is_end = len(some) < room or not some
        return Look(page, is_end, self.epoch, self.start, self.floor, self.newest)


def _raw(content: str) -> bytes:
    return JsonBytes(content.encode()) if isinstance(content, JsonText) else content.encode()


class WaitingHistory(FakeHistory):
    """Its `wait` ends when something was written, but not within `together`."""

    def __init__(self, room: int = 1000) -> None:
        super().__init__(room)
        self.together = threading.RLock()
        self.written = threading.Event()
        self.waits = 0
        self.found: list[float] = []  # When a wait found something.

    def write(self, content: str, *recipients: str) -> int:
        id_ = super().write(content, *recipients)
        self.written.set()
        return id_

    def wait(self, id_: int, seconds: float) -> Look:
        self.waits += 1
        self.written.wait(0.01)
        self.written.clear()
        with self.together:
            look = super().wait(id_, seconds)
        if look.page:
            self.found.append(monotonic())
        return look


class FakeReceipts(Faulty, ReceiptReader):
    """Receipts in memory, by the id of the push."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}

    def read(self, id_: str) -> Known | None:
        self._fail()
        return self.known.get(id_)


class Stores:
    """All of it, and the application that reads it."""

    def __init__(self) -> None:
        self.beats, self.people, self.history = FakeBeats(), FakePeople(), FakeHistory()
        self.counts, self.receipts = FakeCounts(), FakeReceipts()
        self.revocations = FakeRevocations()

    def app(
        self,
        settings: Settings | None = None,
        queue: Queue | None = None,
        presence: PresenceReader | None = None,
    ) -> Flask:
        return create_app(
            settings or Settings(),
            queue or FakeQueue(),
            presence or FakePresenceReader(),
            stores=ReadStores(
                self.beats,
                self.people,
                self.counts,
                self.history,
                self.receipts,
                self.revocations,
            ),
        )
