import json

from config.cli.doctor.finding import note, ok, problem


def test_a_finding_is_one_line_with_what_to_do() -> None:
    found = problem("eviction", "allkeys-lru: may throw away the queue", "set noeviction")

    assert found.line() == (
        "problem  eviction     allkeys-lru: may throw away the queue -> set noeviction\n"
    )
    assert ok("clock", "is right").line() == "ok       clock        is right\n"


def test_what_a_stranger_has_said_orders_no_terminal_about_and_a_long_line_is_whole() -> None:
    found = note("redis", "a\x1b[2J\n" + "x" * 900, "b\x9b").line()

    assert "\x1b" not in found
    assert "x" * 900 in found
    assert found.count("\n") == 1
    assert found.endswith("-> b\ufffd\n")


def test_programs_get_the_same_as_json() -> None:
    assert json.loads(problem("a", "b", "订单").json()) == {
        "level": "problem",
        "about": "a",
        "found": "b",
        "do": "订单",
    }
