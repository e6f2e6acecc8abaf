"""How many events a client may send, and what is told of its user."""

import pytest

from tests.support.pusher_talk import ONE
from ws_server.pusher import client as module
from ws_server.pusher.client import Client, Member, read, written


def test_ten_events_a_second_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    client = Client(ONE, "1.2")
    assert [client.may_send() for _ in range(12)] == [True] * 10 + [False] * 2

    now[0] += 0.5

    assert [client.may_send() for _ in range(6)] == [True] * 5 + [False]


@pytest.mark.parametrize("id_", ["7", 7, -7, 2**60])
@pytest.mark.parametrize("info", [None, {"name": "x"}, "#", 0])
def test_a_user_is_told_as_its_backend_has_written_it(id_: str | int, info: object) -> None:
    member = Member(str(id_), written(id_, info))

    assert (member.id, read(member.info)) == (id_, info)
