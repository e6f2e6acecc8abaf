"""The measurements in small: only that nothing is missing or out of order, no figures."""

import json
from collections.abc import Iterator

import pytest

from bench import floor, tools
from bench.errors import BenchFailed
from bench.lab import Lab
from bench.load import connect, pushed, start_pushes
from bench.ours import Ours, serving
from bench.peers import CENTRIFUGO, SOCKETIFY
from bench.plan import TINY, Plan
from bench.returning import Step
from bench.scenarios import scenarios
from bench.scenarios.rolling import bars
from bench.table import claims_markdown, markdown

pytestmark = pytest.mark.skipif(tools.compiler() is None, reason="no C compiler (cc)")

OLD = ["one starts", "an old one stops"]
PRESENT = ["one starts", "a new one stops"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    built = tools.build(tmp_path_factory.mktemp("tools"))
    with Lab(tmp_path_factory.mktemp("lab"), built) as lab:
        yield lab


@pytest.fixture(scope="module")
def server(lab: Lab) -> Iterator[Ours]:
    with serving(lab, http=True, DELIVERY="instant", SLOW_CLIENT_SECONDS=60) as server:
        yield server


def test_the_floor_delivers_everything_in_order(lab: Lab) -> None:
    assert floor.run(lab, 50, 200, 128, 0, 16).outcome.deliveries == 50 * 200


def test_a_queue_that_is_fed_at_full_speed_arrives_in_order(lab: Lab, server: Ours) -> None:
    clients = connect(lab, server, 200, 1200)
    with server.publisher(128) as publisher:
        publisher.paced(5, 100)
        publisher.pipelined(595)
        publisher.together(600)

    assert clients.outcome().deliveries == 200 * 1200


def test_pushes_in_flight_arrive_in_one_order_for_all(lab: Lab, server: Ours) -> None:
    clients = connect(lab, server, 200, 200, order="same")
    done = pushed(lab, start_pushes(lab, server.target, 200, 128, 32))

    assert done.requests == 200
    assert clients.outcome().deliveries == 200 * 200


def test_readers_that_are_slow_get_everything_in_order(lab: Lab, server: Ours) -> None:
    clients = connect(lab, server, 44, 2000, stuck=1, trickle="3:1000")
    with server.publisher(3000) as publisher:
        publisher.pipelined(2000)

    assert clients.outcome().deliveries == 44 * 2000


def test_clients_that_come_meanwhile_miss_nothing_from_then_on(lab: Lab, server: Ours) -> None:
    with server.publisher(128) as publisher:
        there = connect(lab, server, 20, 150)
        publisher.paced(50, 200)
        coming = connect(lab, server, 300, 150, order="join", **{"at-once": 300})
        publisher.paced(100, 500)

    assert there.outcome().deliveries == 20 * 150
    assert coming.outcome().connections == 300


@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        ("timer", ["ours, timer"]),
        ("slow-loris", ["ours, nobody hangs", "ours, 100 hang at each port"]),
        ("batches", ["ours, /push/batch"]),
        (
            "rolling",
            ["quiet", *2 * OLD, *2 * PRESENT, "quiet again", "one is killed"],
        ),
        (
            "storm",
            ["200 that come", "100 already there, meanwhile", "100 already there, all the time"],
        ),
    ],
)
def test_a_scenario_ends_with_a_table(lab: Lab, name: str, subjects: list[str]) -> None:
    (table,) = scenarios()[name](lab, Plan(TINY, missing=(SOCKETIFY, CENTRIFUGO)))

    assert [row.subject for row in table.rows] == subjects


def test_pushes_that_are_confirmed_are_all_on_the_list(lab: Lab) -> None:
    rates, waits = scenarios()["pushes"](lab, Plan(TINY, missing=(CENTRIFUGO,)))

    for table in (rates, waits):
        assert [row.subject for row in table.rows] == [
            "floor",
            "ours, form",
            "ours, JSON",
            "ours, form, tokens and limits",
            "ours, JSON, tokens and limits",
            "bare Flask view",
            CENTRIFUGO,
        ]


def test_clients_of_dialects_get_what_others_get(lab: Lab) -> None:
    listeners, pushes = scenarios()["dialects"](lab, Plan(TINY))

    assert [row.subject for row in listeners.rows] == [
        "ours, JSON",
        "ours, Pusher",
        "ours, Socket.IO",
    ]
    assert [row.subject for row in pushes.rows] == ["ours, /push", "ours, Pusher's events"]


def test_a_peer_that_is_missing_is_said_to_be(lab: Lab) -> None:
    (table,) = scenarios()["connects"](lab, Plan(TINY, missing=(SOCKETIFY, CENTRIFUGO)))

    assert [row.subject for row in table.rows] == [
        "floor",
        "ours",
        "ours, token",
        "ours, events",
        SOCKETIFY,
        CENTRIFUGO,
        f"{CENTRIFUGO}, token",
    ]
    assert f"| {CENTRIFUGO} | missing |" in markdown(table)
    assert "| Connects/s: × Centrifugo | - | ≥ 2 | not measured |" in claims_markdown(table.claims)


def test_pushes_at_a_pace_take_the_time_that_was_asked_for(lab: Lab, server: Ours) -> None:
    clients = connect(lab, server, 10, 40, order="same")
    done = pushed(lab, start_pushes(lab, server.target, 40, 128, 4, 0.005))

    assert done.seconds >= 39 * 0.005
    assert clients.outcome().deliveries == 10 * 40


def test_what_was_pushed_between_two_marks_has_a_latency_of_its_own(lab: Lab, server: Ours) -> None:
    clients = connect(lab, server, 20, 60)
    with server.publisher(128) as publisher:
        publisher.paced(20, 200)
        clients.mark()
        publisher.paced(20, 200)
        clients.mark()
        publisher.paced(20, 200)

    outcome = clients.outcome()
    assert 0 < outcome.window_p50_ms <= outcome.window_p99_ms <= outcome.longest_ms + 0.01


def test_a_missing_message_is_a_failure(lab: Lab, server: Ours) -> None:
    clients = connect(lab, server, 3, 10, timeout=0.5)
    with server.publisher(128) as publisher:
        publisher.together(9)

    with pytest.raises(BenchFailed, match='"missing": 3'):
        clients.outcome()


def test_a_message_out_of_order_is_a_failure(lab: Lab, server: Ours) -> None:
    clients = connect(lab, server, 3, 2, timeout=3)
    for _ in range(2):  # Each begins with number 0.
        with server.publisher(128) as publisher:
            publisher.together(1)

    with pytest.raises(BenchFailed, match='"disorder": 3'):
        clients.outcome()


def test_whoever_resumes_and_misses_a_message_fails_a_rolling_restart() -> None:
    fields = dict.fromkeys(Step.__dataclass_fields__, 0)
    line = {**fields, "closed_in": [], "opened_in": [1, 2]}
    assert Step.read(json.dumps(line)).opened_in == (1, 2)

    for name in ("missing", "doubled", "gaps"):
        with pytest.raises(BenchFailed, match="1"):
            Step.read(json.dumps({**line, name: 1}))


def test_a_histogram_has_a_bar_for_each_tenth_or_for_each_second() -> None:
    assert bars((0, 8, 4)) == " █▄"
    assert bars((1,) * 60 + (0,) * 10) == "█" * 6
    assert bars(()) == ""
