"""Clients are closed a few at a time: who first, how evenly, and who is left."""

from time import monotonic

import pytest

from tests.support.parts import Parts, numbered
from ws_server import slices
from ws_server.clients.connection import Connection, State
from ws_server.door.listen import Listen
from ws_server.slices import Slices, can_resume
from ws_server.wire.close_codes import GOING_AWAY

SECONDS = 0.4


@pytest.fixture(autouse=True)
def _many_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "STEP", 0.01)


def connect(parts: Parts, count: int, listen: Listen | None = None) -> list[Connection]:
    return [parts.connect(listen=listen or Listen())[0] for _ in range(count)]


def closed(connections: list[Connection]) -> int:
    return sum(each.state is State.CLOSING for each in connections)


def test_who_cannot_resume_goes_first_and_the_last_slice_is_left_over(parts: Parts) -> None:
    resuming = [
        *connect(parts, 10, Listen(format="json")),
        *connect(parts, 10, Listen(events=True)),
        *connect(parts, 10, Listen(client="abc")),
        *connect(parts, 10, Listen(format="json", events=True)),
        *connect(parts, 1, Listen(client="screen-7")),
    ]
    bare = connect(parts, 10)
    assert not any(map(can_resume, bare))
    seen: list[tuple[int, int]] = []

    def look() -> bool:
        seen.append((closed(bare), closed(resuming)))
        return False

    Slices(parts.hub, look).close(GOING_AWAY, SECONDS)

    assert all(gone == len(bare) for gone, others in seen if others)
    assert any(0 < gone < len(bare) for gone, _ in seen)
    assert 0 < len(resuming) - closed(resuming) <= 10


def test_they_are_closed_evenly_over_the_time(parts: Parts) -> None:
    clients = connect(parts, 40)
    began = monotonic()
    seen: list[tuple[float, int]] = []

    def look() -> bool:
        seen.append((monotonic() - began, closed(clients)))
        return False

    Slices(parts.hub, look).close(GOING_AWAY, SECONDS)

    # Never ahead of the time; and behind it by no more than a slice, however late that comes.
    assert all(gone <= 40 * passed / SECONDS for passed, gone in seen)
    assert len({gone for _, gone in seen}) > 5
    assert monotonic() - began >= SECONDS - 2 * slices.STEP


def test_who_is_behind_is_passed_over_until_it_has_its_rest(parts: Parts) -> None:
    parts.start_catch_up()
    behind, peer = parts.connect_behind(numbered(700, size=100))
    bare = connect(parts, 20)
    looks: list[State] = []
    read: list[bytes] = []

    def look() -> bool:
        looks.append(behind.state)
        if closed(bare) >= 10 and not read:
            read.extend(peer.texts(700))
        return False

    Slices(parts.hub, look).close(GOING_AWAY, SECONDS)

    assert State.BEHIND in looks
    assert behind.state is not State.BEHIND
    assert len(read) == 700


def test_who_is_in_a_hurry_leaves_them_all_to_the_next_step(parts: Parts) -> None:
    clients = connect(parts, 10)

    Slices(parts.hub, lambda: True).close(GOING_AWAY, 3600)

    assert closed(clients) == 0


@pytest.mark.parametrize("seconds", [0.0, 0.005, -1.0])
def test_no_time_is_one_slice(parts: Parts, seconds: float) -> None:
    clients = connect(parts, 10)

    Slices(parts.hub).close(GOING_AWAY, seconds)

    assert closed(clients) == 0


def test_nobody_here_takes_no_time(parts: Parts) -> None:
    Slices(parts.hub).close(GOING_AWAY, 3600)
