"""Receipts, over real processes: who has got a push, who has not, and of whom nobody knows."""

from typing import Any

import pytest

from tests.support.answering import Answering
from tests.support.commands import run
from tests.support.events import EventStream
from tests.support.keys import SECRET, in_seconds, signed
from tests.support.processes import Process, wait_until
from tests.support.system import System
from tests.support.websocket import CLOSE, Client

FAST: dict[str, Any] = {"DELIVERY": "instant", "SUBSCRIBE_SECRET": SECRET}
NOBODY = {"to": 0, "written": 0, "confirmed": 0, "behind": 0, "missed": 0}
MANY = 1000
LIMIT = 20.0  # Seconds: a killed process counts for seven.


def token(user: str) -> str:
    return signed({"sub": user, "exp": in_seconds(600)})


def connect(port: int, user: str, form: str = "json") -> Client:
    client = Client(port, f"/?format={form}&token={token(user)}")
    assert client.status == 101
    return client


def push(system: System, id_: str, content: str = "hello", **where: str) -> None:
    more = "".join(f"&{name}={value}" for name, value in where.items())
    form = f"content={content}&receipt=1&id={id_}{more}".encode()
    assert system.call("/push", form) == (200, {"code": 0, "msg": "success", "id": id_})


def receipt(system: System, id_: str, **wanted: Any) -> dict[str, Any]:
    """The receipt, as soon as it says what is wanted."""
    seen: list[dict[str, Any]] = []

    def is_so() -> bool:
        status, answer = system.call(f"/messages/{id_}")
        assert status == 200
        seen.append(answer)
        return bool(wanted.items() <= answer.items())

    try:
        wait_until(is_so, f"the receipt of {id_}", LIMIT)
    except AssertionError:
        raise AssertionError((wanted, seen[-1])) from None
    return seen[-1]


def named(system: System, id_: str) -> list[dict[str, Any]]:
    """Those who are late, as soon as there is one."""
    found: list[dict[str, Any]] = []

    def is_there() -> bool:
        found[:] = system.call(f"/messages/{id_}")[1]["late"]
        return found != []

    wait_until(is_there, "somebody is named")
    return found


@pytest.fixture
def servers(system: System) -> list[tuple[Process, int]]:
    """Two processes for listeners, with a Redis connection each."""
    system.start_http()
    return [system.start_ws(**FAST) for _ in range(2)]


def test_a_receipt_tells_who_has_got_a_push(
    system: System, servers: list[tuple[Process, int]]
) -> None:
    assert receipt(system, "none")["state"] == "unknown"

    push(system, "to-nobody")
    receipt(system, "to-nobody", state="settled", waiting=0, unknown=0, late=[], **NOBODY)

    clients = [
        connect(port, user, form)
        for _, port in servers
        for user in "12"
        for form in ("text", "json")
    ]
    with Answering(*clients):
        push(system, "to-all")
        receipt(system, "to-all", **{**NOBODY, "to": 8, "written": 8, "confirmed": 8}, late=[])
        pushed = run("push", "hello", "--receipt", HTTP_PORT=str(system.http_port))
        assert pushed.stdout.splitlines()[1:] == ["confirmed by 8 of 8"]

        push(system, "to-users", users="1,9")
        answer = receipt(system, "to-users", to=4, written=4, confirmed=4)
        assert answer["users"] == {
            "1": {"to": 4, "written": 4, "confirmed": 4, "behind": 0, "missed": 0},
            "9": NOBODY,
        }


def test_a_stream_of_events_confirms_when_it_comes_back(system: System) -> None:
    system.start_http()
    _, port = system.start_ws(**FAST)
    query = f"?token={token('1')}"
    with EventStream(port, query) as stream:
        stream.event()  # The welcome.
        push(system, "p")
        receipt(system, "p", to=1, written=1, confirmed=0)
        stream.messages(1)
        last_id = stream.last_id

    with EventStream(port, query, last_id):
        receipt(system, "p", to=1, written=1, confirmed=1)


def test_what_waited_for_a_user_is_confirmed_by_the_first_that_comes(system: System) -> None:
    system.start_http()
    _, port = system.start_ws(**FAST, INBOX_SECONDS=60)
    with connect(port, "1") as client:
        client.texts(1)  # The welcome.
        client.send(CLOSE, b"")
        client.close_code()
    push(system, "p", user="1")
    receipt(system, "p", state="settled", waiting=0, **NOBODY)

    with Answering(connect(port, "1")):
        receipt(system, "p", to=1, written=1, confirmed=1, missed=0)


def test_one_client_of_a_thousand_that_is_stuck_is_named(
    system: System, servers: list[tuple[Process, int]]
) -> None:
    (_, port), _ = servers
    with Answering(*(connect(port, f"u{number}", "text") for number in range(MANY - 1))):
        stuck = connect(port, "stuck", "text")  # Nobody reads for it.
        push(system, "p")
        answer = receipt(system, "p", to=MANY, written=MANY, confirmed=MANY - 1)
        (late,) = named(system, "p")
        assert (late["user"], late["address"], late["state"]) == ("stuck", "127.0.0.1", "written")
        assert late["since"] <= answer["until"]
        stuck.socket.close()


def test_what_a_killed_process_had_not_said_is_unknown(
    system: System, servers: list[tuple[Process, int]]
) -> None:
    (_, port), (killed, other) = servers
    with Answering(*(connect(port, "1") for _ in range(3))):
        silent = [connect(other, "2") for _ in range(2)]
        push(system, "p")
        receipt(system, "p", to=5, written=5, confirmed=3, unknown=0)

        killed.kill_all()
        receipt(system, "p", to=5, written=5, confirmed=3, unknown=2)

        for each in silent:
            each.socket.close()
