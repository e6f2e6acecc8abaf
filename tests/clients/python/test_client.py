"""Pushes: what is sent, what is tried again, and how it ends."""

import socket
import threading
from typing import Any

import pytest

from message_center_client import Client, NotConfirmed, Refused, client
from tests.support.scripted_api import CUT, Reply, answering, refuses

pytestmark = pytest.mark.integration


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, none of which is made."""
    pauses: list[float] = []
    monkeypatch.setattr(client, "sleep", pauses.append)
    return pauses


def test_a_push_says_what_for_whom_and_under_which_id() -> None:
    with answering() as api, Client(api.url, token="secret") as client:
        given = client.push("付款", channels=["orders"], users={42}, id="order-1")
        made = client.push({"n": 1})

    assert [asked.body for asked in api.asked] == [
        {"content": "付款", "channels": ["orders"], "users": [42], "id": "order-1"},
        {"content": {"n": 1}, "id": made},
    ]
    assert given == "order-1"
    assert {asked.path for asked in api.asked} == {"/push"}
    assert {asked.authorization for asked in api.asked} == {"Bearer secret"}


def test_a_push_can_ask_for_a_receipt_and_read_it_by_its_id() -> None:
    with answering() as api, Client(api.url) as client:
        client.push("a", id="order 1/2", receipt=True)
        assert client.receipt("order 1/2")["code"] == 0

    assert api.asked[0].body == {"content": "a", "id": "order 1/2", "receipt": True}
    assert api.asked[1].path == "/messages/order%201%2F2"


def test_a_push_may_have_an_event_and_be_for_all_but_one() -> None:
    with answering() as api, Client(api.url) as client:
        client.push("a", event="made", except_="1.2", id="1")
        client.push_batch([{"content": "a", "event": "made", "except": "1.2", "id": "2"}])

    message = {"content": "a", "event": "made", "except": "1.2"}
    assert api.asked[0].body == {**message, "id": "1"}
    assert api.asked[1].body == [{**message, "id": "2"}]


def test_names_that_are_empty_are_sent_to_be_refused() -> None:
    """Left out, it would be a push to everybody."""
    with answering() as api, Client(api.url) as client:
        client.push("a", channels=[], users="", id="")

    assert api.asked[0].body == {"content": "a", "channels": [], "users": "", "id": ""}


def test_a_batch_is_one_request_and_each_message_has_an_id() -> None:
    with answering() as api, Client(api.url) as client:
        assert client.push_batch([]) == []
        ids = client.push_batch(["a", {"content": "b", "users": (1, 2), "id": "mine"}])

    assert len(set(ids)) == 2
    assert [(asked.path, asked.body) for asked in api.asked] == [
        (
            "/push/batch",
            [
                {"content": "a", "id": ids[0]},
                {"content": "b", "users": [1, 2], "id": "mine"},
            ],
        )
    ]


PASSING = [
    CUT,
    Reply(502, "<html>"),
    refuses(503, "queue_unavailable"),
    refuses(429, "too_many_messages", ("Retry-After", "2")),
    refuses(400, "body_cut_short"),
]


@pytest.mark.parametrize("passing", PASSING, ids=lambda reply: str(reply.status))
def test_what_can_pass_is_tried_again_under_the_same_id(passing: Reply, slept: list[float]) -> None:
    with answering(passing, passing, Reply()) as api, Client(api.url) as client:
        key = client.push("a")

    assert [asked.body["id"] for asked in api.asked] == [key] * 3
    assert len(slept) == 2
    assert all(pause >= 2 for pause in slept) or passing.status != 429


FINAL: list[tuple[Reply, dict[str, Any]]] = [
    (refuses(200, "content_empty"), {"error": "content_empty", "code": -1}),
    (refuses(401, "unauthorized"), {"status": 401, "msg": "in words: unauthorized"}),
    (refuses(422, "content_empty", index=1), {"index": 1}),
    (refuses(500, "internal_error"), {"status": 500}),
    (Reply(302, ""), {"status": 302}),
    (Reply(200, "hello"), {"status": 200}),
]


@pytest.mark.parametrize(("reply", "told"), FINAL)
def test_what_cannot_pass_is_raised_at_once(reply: Reply, told: dict[str, Any]) -> None:
    with answering(reply) as api, Client(api.url) as client, pytest.raises(Refused) as raised:
        client.push("a")

    assert {name: getattr(raised.value, name) for name in told} == told
    assert len(api.asked) == 1


def test_it_gives_up_in_time_and_says_under_which_ids_it_tried() -> None:
    with answering(CUT) as api, Client(api.url, patience=0.3) as client:
        with pytest.raises(NotConfirmed) as raised:
            client.push_batch([{"content": "a", "id": "x"}, {"content": "b", "id": "y"}])

        assert raised.value.ids == ["x", "y"]
        assert len(api.asked) > 1


def test_what_was_certainly_not_queued_ends_with_what_the_server_says(slept: list[float]) -> None:
    busy = refuses(429, "too_many_requests", ("Retry-After", "20"))
    with answering(busy) as api, Client(api.url, patience=10) as client:
        with pytest.raises(Refused, match="too_many_requests"):
            client.push("a")
        assert len(api.asked) == 1

    assert slept == []


def test_where_nobody_listens_it_is_not_confirmed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with Client(url, patience=0.1) as client, pytest.raises(NotConfirmed, match="refused"):
            client.push("a")


def test_threads_may_share_it() -> None:
    with answering() as api, Client(api.url) as client:
        threads = [
            threading.Thread(target=lambda: [client.push("a") for _ in range(20)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len({asked.body["id"] for asked in api.asked}) == 80
    assert len({asked.client for asked in api.asked}) <= 4


def test_half_of_a_character_is_left_to_the_server() -> None:
    """It says in which message of a batch it is."""
    with answering() as api, Client(api.url) as client:
        client.push("a\ud83d订")

    assert api.asked[0].body["content"] == "a\ud83d订"


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "秘密"])
def test_a_token_that_fits_no_header_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        Client(token=token)


def test_a_question_is_asked_once() -> None:
    with answering(Reply(200, '{"code":0,"n":1}'), refuses(503, "not_ready")) as api:
        with Client(api.url) as client:
            assert client.get("/stats") == {"code": 0, "n": 1}
            with pytest.raises(Refused, match="not_ready"):
                client.get("/readyz")
        assert len(api.asked) == 2
