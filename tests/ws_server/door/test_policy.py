"""Which pages may listen, and which may read the answers."""

import pytest

from ws_server.door.policy import OPEN, Policy

LISTED = Policy(origins=frozenset(["https://a.example", "https://b.example:8443"]))


def may_read(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Vary": "Origin",
    }


@pytest.mark.parametrize("origin", ["https://a.example", "null"])
def test_any_page_may_listen_and_read_until_origins_are_listed(origin: str) -> None:
    assert OPEN.admits(origin)
    assert OPEN.sharing(origin) == may_read(origin)


@pytest.mark.parametrize("origin", [None, ""])
def test_an_answer_to_nobody_in_particular_is_for_any_page(origin: str | None) -> None:
    assert OPEN.admits(origin)
    assert OPEN.sharing(origin) == {"Access-Control-Allow-Origin": "*", "Vary": "Origin"}


@pytest.mark.parametrize("origin", ["https://a.example", "https://b.example:8443"])
def test_a_listed_origin_may_listen_and_read(origin: str) -> None:
    assert LISTED.admits(origin)
    assert LISTED.sharing(origin) == may_read(origin)


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        ("authorization", "authorization"),
        (
            "Authorization,cache-control, last-event-id",
            "authorization, cache-control, last-event-id",
        ),
        ("x-requested-with,traceparent", "x-requested-with, traceparent"),
        ("authorization,x-forwarded-for,forwarded", "authorization"),
        ("", "authorization, last-event-id, cache-control"),
        ("a b,\u00e9", "authorization, last-event-id, cache-control"),
    ],
)
def test_a_page_that_may_read_may_send_the_headers_that_it_wants(wanted: str, allowed: str) -> None:
    told = LISTED.permission("https://a.example", wanted)

    assert told["Access-Control-Allow-Headers"] == allowed
    assert told["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert may_read("https://a.example").items() <= told.items()
    assert OPEN.permission("null", wanted)["Access-Control-Allow-Headers"] == allowed


@pytest.mark.parametrize("origin", ["https://c.example", "null", None])
def test_no_other_page_may(origin: str | None) -> None:
    assert LISTED.permission(origin, "authorization") == {"Vary": "Origin"}


@pytest.mark.parametrize(
    "origin",
    [
        "https://c.example",
        "http://a.example",
        "https://a.example:8443",
        "https://a.example.evil.example",
        "https://x.a.example",
        "https://A.example",
        "null",
        "*",
        "",
    ],
)
def test_every_other_origin_may_not(origin: str) -> None:
    assert not LISTED.admits(origin)
    assert LISTED.sharing(origin) == {"Vary": "Origin"}


def test_who_is_no_page_has_no_origin() -> None:
    assert LISTED.admits(None)
    assert LISTED.sharing(None) == {"Vary": "Origin"}


def test_a_star_in_the_list_stands_for_all() -> None:
    assert Policy(origins=frozenset(["https://a.example", "*"])).admits("https://c.example")
