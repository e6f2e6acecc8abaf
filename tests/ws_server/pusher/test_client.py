"""How many events a client may send, and what is told of its user."""

import pytest

from tests.support.pusher_talk import ONE, Named
from ws_server.pusher import client as module
from ws_server.pusher.client import Client, Member, read, written


def test_ten_events_a_second_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    client = Client(ONE, Named())
    assert [client.may_send() for _ in range(12)] == [True] * 10 + [False] * 2

    now[0] += 0.5

    assert [client.may_send() for _ in range(6)] == [True] * 5 + [False]


@pytest.mark.parametrize("id_", ["7", 7, -7, 2**60])
@pytest.mark.parametrize("info", [None, {"name": "x"}, "#", 0])
def test_a_user_is_told_as_its_backend_has_written_it(id_: str | int, info: object) -> None:
    member = Member(str(id_), written(id_, info))

    assert (member.id, read(member.info)) == (id_, info)


def test_names_are_one_text_for_all_clients_and_members_are_not_shared() -> None:
    first, second = Client(ONE, Named()), Client(ONE, Named())
    for client in (first, second):
        client.enter("".join(("ne", "ws")), "".join(("7:", "news")), None)
    first.enter("presence-a", "presence-a", Member("1", ""))

    assert next(iter(first.channels)) is next(iter(second.channels))
    assert first.channels["news"] is second.channels["news"]
    assert (dict(first.members), dict(second.members)) == ({"presence-a": Member("1", "")}, {})
    assert first.leave("presence-a") == ("presence-a", Member("1", ""))
    assert first.leave("presence-a") == (None, None)
    assert first.leave("news") == ("7:news", None)
    assert (dict(first.members), first.channels) == ({}, {})
