"""Which pages may listen, and which may read the answers."""

import pytest

from ws_server.terms import OPEN, Terms

LISTED = Terms(origins=frozenset(["https://a.example", "https://b.example:8443"]))


@pytest.mark.parametrize("origin", [None, "https://a.example", "null", ""])
def test_any_page_may_listen_until_origins_are_listed(origin: str | None) -> None:
    assert OPEN.admits(origin)
    assert OPEN.sharing(origin) == {"Access-Control-Allow-Origin": "*"}


@pytest.mark.parametrize("origin", ["https://a.example", "https://b.example:8443"])
def test_a_listed_origin_may_listen_and_read(origin: str) -> None:
    assert LISTED.admits(origin)
    assert LISTED.sharing(origin) == {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


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
    assert Terms(origins=frozenset(["https://a.example", "*"])).admits("https://c.example")
