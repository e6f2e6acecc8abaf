"""Who is a member of which channel, at one exact place of the log."""

import json
from collections.abc import Callable
from functools import partial

import gevent
import pytest

from common.errors import QueueUnavailable
from common.message import Mark
from common.page import Page
from common.store.roster import RosterReader
from tests.support.parts import Parts, let_others_run, wait_until
from tests.support.pusher_talk import ONE, Named
from ws_server.pusher import rosters as module
from ws_server.pusher.client import Client, Member
from ws_server.pusher.rosters import Rosters, presence_of

ROOM = "presence-a"
Say = tuple[str, str]  # An event, and a user.


class Reader(RosterReader):
    """Who is there, and which channel the item of each question has. `during`: what happens."""

    def __init__(self) -> None:
        self.members: dict[str, str] = {}
        self.syncs: list[str] = []
        self.fault: Exception | None = None
        self.during: Callable[[], None] = lambda: None

    def read(self, channel: str, item: bytes) -> dict[str, str]:
        if self.fault is not None:
            raise self.fault
        assert channel == ROOM
        self.syncs.append(json.loads(item[1:])["channels"][0])
        found = dict(self.members)
        self.during()
        return found


class Stage:
    """What is known in a process, and the clients that are ready."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.reader = Reader()
        self.feed = parts.feeds["json"]
        self.rosters = Rosters(self.reader, parts.hub, self.feed)
        self.ready: list[str] = []
        self.clients: dict[str, Client] = {}
        self._at = 0

    def enter(self, user: str) -> None:
        self.clients.setdefault(user, Client(ONE, Named()))
        self.rosters.enter(ROOM, user, self.clients[user], partial(self.ready.append, user))
        let_others_run()

    def leave(self, user: str) -> None:
        self.rosters.leave(ROOM, user, self.clients[user])

    def send(self, *said: Say) -> None:
        """These events are sent, as one part of a page; the user of `sync` is a channel."""
        self._at += 1
        names = [(user,) if event == "sync" else (f"members:{ROOM}",) for event, user in said]
        contents = [json.dumps({"user_id": user}).encode() for _, user in said]
        ids = [b"%d-%d" % (self._at, at) for at in range(len(said))]
        events = [event.encode() for event, _ in said]
        self.rosters.note(Page(ids, contents, list(names), events=events))

    def sync(self) -> Say:
        return "sync", self.reader.syncs[-1]

    def members(self) -> set[str]:
        return set(self.rosters.members(ROOM))


@pytest.fixture
def stage(parts: Parts) -> Stage:
    stage = Stage(parts)
    stage.send()
    return stage


def test_a_client_is_ready_when_the_log_has_come_so_far(stage: Stage) -> None:
    stage.reader.members = {"1": "", "2": ""}
    stage.enter("1")
    assert stage.ready == []

    stage.send(("left", "2"), ("left", "3"), stage.sync(), ("joined", "4"))

    assert stage.ready == ["1"]
    assert stage.members() == {"1", "2", "4"}  # What came before the answer is in it.


def test_it_is_ready_when_it_is_a_member_itself(stage: Stage) -> None:
    stage.enter("1")
    stage.send(stage.sync())
    assert stage.ready == []

    stage.send(("joined", "1"))

    assert stage.ready == ["1"]


def test_redis_is_asked_once_for_a_channel(stage: Stage) -> None:
    stage.reader.members = {"1": "", "2": ""}
    stage.enter("1")
    stage.send(stage.sync())

    stage.enter("2")
    stage.enter("3")
    stage.send(("left", "1"), ("joined", "3"))

    assert stage.ready == ["1", "2", "3"]
    assert stage.members() == {"2", "3"}
    assert len(stage.reader.syncs) == 1


def test_when_the_last_client_has_left_nothing_is_known(stage: Stage) -> None:
    stage.reader.members = {"1": ""}
    stage.enter("1")
    stage.send(stage.sync())
    stage.leave("1")

    stage.reader.members = {"1": "", "9": ""}
    stage.enter("1")
    stage.send(stage.sync())

    assert stage.members() == {"1", "9"}
    assert len(stage.reader.syncs) == 2


def test_the_message_may_be_sent_before_the_answer_is_here(stage: Stage) -> None:
    stage.reader.members = {"1": ""}

    def pass_by() -> None:
        stage.send(("joined", "before"), stage.sync(), ("joined", "2"))
        stage.send(("left", "1"), ("joined", "1"))

    stage.reader.during = pass_by
    stage.enter("1")

    assert stage.ready == ["1"]
    assert stage.members() == {"1", "2"}


def test_while_a_fan_out_is_under_way_nobody_is_let_in(stage: Stage) -> None:
    stage.reader.members = {"1": "", "2": ""}
    stage.enter("1")
    stage.send(stage.sync())
    stage.feed.head += 1

    stage.enter("2")
    assert stage.ready == ["1"]
    stage.feed.done = stage.feed.head
    stage.send()

    assert stage.ready == ["1", "2"]


def test_redis_is_asked_again_until_it_answers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.001)
    stage.reader.fault = QueueUnavailable("gone")
    stage.reader.members = {"1": ""}
    stage.enter("1")

    stage.reader.fault = None
    wait_until(lambda: stage.reader.syncs != [], "it is asked")
    stage.send(stage.sync())

    assert stage.ready == ["1"]


def test_a_message_that_does_not_come_is_queued_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.001)
    stage.reader.members = {"1": ""}

    stage.enter("1")
    wait_until(lambda: len(stage.reader.syncs) > 1, "it is asked again")

    assert len(set(stage.reader.syncs)) == len(stage.reader.syncs)
    stage.leave("1")
    gevent.sleep(0.01)


def test_after_a_loss_redis_is_asked_again(stage: Stage) -> None:
    stage.reader.members = {"1": "", "2": ""}
    stage.enter("1")
    stage.send(stage.sync())
    stage.parts.log.lose(keep=0)
    stage.parts.hub.rewind(Mark(stage.parts.log.epoch, 0), kept=0)

    stage.reader.members = {"1": ""}
    stage.send()
    let_others_run()
    stage.send(stage.sync())

    assert stage.members() == {"1"}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"user_id":', b"[" * 5000 + b"]" * 5000])
def test_a_message_of_somebody_else_harms_nothing(stage: Stage, content: bytes) -> None:
    stage.reader.members = {"1": ""}
    stage.enter("1")
    stage.send(stage.sync())

    name = f"members:{ROOM}"
    stage.rosters.note(Page([b"9-0"], [content], [(name,)], events=[b"joined"]))
    stage.rosters.note(Page([b"9-1"], [content], [(name,)]))

    assert stage.members() == {"1"}


def test_a_client_that_cannot_be_let_in_stops_nobody(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.reader.members = {"1": "", "2": ""}

    def fail() -> None:
        raise ValueError("no")

    stage.rosters.enter(ROOM, "1", Client(ONE, Named()), fail)
    stage.enter("2")

    stage.send(stage.sync())

    assert stage.ready == ["2"]
    assert "could not be let into a channel" in caplog.text


def test_a_client_is_told_of_itself_too() -> None:
    told = presence_of({"1": '#{"a":1}', "2": ""}, Member("3", "#"))

    assert told == {
        "presence": {
            "count": 3,
            "ids": ["3", "1", "2"],
            "hash": {"1": {"a": 1}, "2": None, "3": None},
        }
    }


def test_who_comes_and_goes_for_ever_waits_once(stage: Stage) -> None:
    """Presence sees nothing of it, so nobody ever says that the user is a member."""
    stage.enter("other")
    for _ in range(3):
        stage.enter("1")
        stage.leave("1")
    stage.send(stage.sync())

    stage.send(("joined", "1"))
    assert stage.ready == []
    for _ in range(3):
        stage.enter("2")
    stage.send(("joined", "2"))

    assert stage.ready == ["2"]
