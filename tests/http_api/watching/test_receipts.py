"""What is told of a receipt, by what is known of it; and over HTTP."""

from typing import Any

import pytest

from common.errors import QueueUnavailable
from common.message import Mark
from common.receipt import Numbers
from common.store.receipts import Known, Said
from config.settings import Settings
from http_api.watching.receipts import told
from tests.support.reads import Stores

AT = Mark("e1", 5 << 64)


def said(
    *numbers: int, runs: bool = True, left: bool = False, users: Any = None, late: Any = None
) -> Said:
    return Said(Numbers(*numbers) if numbers else None, users or {}, runs, left, late or [])


def known(*said: Said, to: tuple[str, ...] = (), now: int = 10) -> Known:
    return Known(now, 1, AT, to, 20, list(said))


def numbers(answer: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(answer[name] for name in ("to", "written", "confirmed", "behind", "missed"))


def test_the_states() -> None:
    assert told("p", None)["state"] == "unknown"
    queued = told("p", Known(10, 7))
    assert (queued["state"], queued["pushed"]) == ("queued", 7)
    assert [told("p", known(now=now))["state"] for now in (19, 20)] == ["settled", "expired"]


def test_numbers_of_all_processes_are_summed_up() -> None:
    answer = told("p", known(said(5, 1, 2, 1), said(3, 0, 3, 0), said(runs=True)))

    assert numbers(answer) == (8, 6, 5, 1, 1)
    assert (answer["unknown"], answer["waiting"]) == (0, 1)
    assert (answer["message"], "users" in answer) == ("e1-5-0", False)


def test_what_a_killed_process_had_not_heard_is_unknown() -> None:
    killed = said(5, 1, 2, 1, runs=False)
    assert told("p", known(killed, said(2, 0, 1, 0)))["unknown"] == 2

    left = said(5, 0, 2, 0, runs=False, left=True)
    assert told("p", known(left))["unknown"] == 0


def test_of_a_process_that_was_killed_before_it_said_anything_nobody_knows_how_many() -> None:
    answer = told("p", known(said(runs=False), said(5, 0, 2, 0, runs=False)))
    assert (answer["unknown"], answer["waiting"]) == (None, 0)

    left = told("p", known(said(runs=False, left=True)))
    assert (left["unknown"], left["waiting"]) == (0, 0)


def test_each_user_has_numbers_also_one_who_is_not_there() -> None:
    one = said(3, 0, 1, 0, users={"1": Numbers(2, 0, 1, 0)})
    other = said(1, 0, 0, 0, users={"1": Numbers(1, 0, 0, 0)})
    users = told("p", known(one, other, to=("a", "user:1", "user:2")))["users"]

    assert {user: numbers(each) for user, each in users.items()} == {
        "1": (3, 3, 1, 0, 0),
        "2": (0, 0, 0, 0, 0),
    }


def row(after: str, upto: str, *ids: str) -> dict[str, Any]:
    place = {"after": after, "upto": upto, "ids": list(ids)}
    return {"user": None, "address": "::1", "since": 3, **place}


@pytest.mark.parametrize(
    ("late", "to", "states"),
    [
        (row("4-0", "5-0"), (), ["written"]),
        (row("4-0", "4-9"), (), ["behind"]),
        (row("5-0", "6-0"), (), []),
        (row("4-0", "6-0"), ("a",), []),
        (row("4-0", "6-0", "5-0"), ("a",), ["written"]),
    ],
)
def test_who_is_late_is_named(late: Any, to: tuple[str, ...], states: list[str]) -> None:
    answer = told("p", known(said(1, 0, 0, 0, late=[late]), to=to))
    assert [each["state"] for each in answer["late"]] == states

    killed = said(1, 0, 0, 0, runs=False, late=[late])
    assert told("p", known(killed, to=to))["late"] == []


@pytest.fixture
def stores() -> Stores:
    return Stores()


def get(stores: Stores, path: str, token: str = "", **settings: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = stores.app(Settings(**settings)).test_client().get(path, headers=headers)
    return response.status_code, response.get_json()


def test_a_receipt_is_read_by_an_id_of_any_kind(stores: Stores) -> None:
    for id_ in ("p", "a/b c", "events?"):
        stores.receipts.known[id_] = known(said(1, 0, 1, 0))
    paths = ("p", "a/b%20c", "events%3F")

    answers = [get(stores, f"/messages/{path}") for path in paths]
    assert [answer["to"] for _, answer in answers] == [1, 1, 1]
    assert get(stores, "/messages/%C3%A9")[1]["state"] == "unknown"


def test_what_cannot_be_told_is_refused(stores: Stores) -> None:
    assert get(stores, "/messages/p?wait=1")[1]["error"] == "unknown_field"
    stores.receipts.fault = QueueUnavailable("away")
    assert get(stores, "/messages/p")[1]["error"] == "queue_unavailable"


def test_a_scope_must_let_its_messages_be_read(stores: Stores) -> None:
    stores.receipts.known["p"] = known(to=("orders",))
    stores.receipts.known["q"] = known(to=("news",))
    tokens = {"push_tokens": (("a", "t" * 20, "read=orders"),)}

    statuses = [get(stores, f"/messages/{id_}", "t" * 20, **tokens)[0] for id_ in ("p", "q", "r")]
    assert statuses == [200, 403, 200]
