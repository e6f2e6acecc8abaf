"""Who is let in at the door, without Flask."""

from typing import Any

import pytest

from common.refused import Refused
from tests.support.fakes import FakeAdopter, FakeTokens
from ws_server.door.admission import check_body, check_origin, check_room, read_listen
from ws_server.door.grant import Grant
from ws_server.door.listen import DEFAULT, Listen
from ws_server.door.policy import OPEN, Policy

PAGE = "https://a.example"


@pytest.mark.parametrize("origin", [None, PAGE])
def test_a_listed_page_and_what_is_no_page_may_connect(origin: str | None) -> None:
    policy = Policy(origins=frozenset([PAGE]))

    check_origin({} if origin is None else {"HTTP_ORIGIN": origin}, policy)


def test_another_page_may_not() -> None:
    with pytest.raises(Refused) as refused:
        check_origin({"HTTP_ORIGIN": "https://b.example"}, Policy(origins=frozenset([PAGE])))

    assert (refused.value.status, refused.value.error) == (403, "origin_forbidden")


@pytest.mark.parametrize(
    "environ", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {"CONTENT_LENGTH": "5"}]
)
def test_whoever_asks_to_listen_sends_no_body(environ: dict[str, Any]) -> None:
    """It was taken for what a client says as soon as it is let in, or broke the request."""
    with pytest.raises(Refused) as refused:
        check_body(environ)

    assert (refused.value.status, refused.value.error) == (400, "bad_request")


@pytest.mark.parametrize("environ", [{}, {"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "0"}])
def test_an_empty_one_is_none(environ: dict[str, Any]) -> None:
    check_body(environ)


def test_what_a_client_asks_for_is_read() -> None:
    listen = read_listen({"QUERY_STRING": "format=json&last=3"}, OPEN)

    assert (listen.format, listen.last) == ("json", 3)


def test_the_address_is_noted_only_if_connections_are_counted_by_it() -> None:
    environ: dict[str, Any] = {"QUERY_STRING": "", "REMOTE_ADDR": "10.0.0.1"}

    assert read_listen(environ, OPEN) is DEFAULT

    listen = read_listen(environ, Policy(address_of=lambda given: str(given["REMOTE_ADDR"])))
    assert listen.address == "10.0.0.1"


def test_a_client_without_its_token_may_ask_for_nothing() -> None:
    with pytest.raises(Refused) as refused:
        read_listen({"QUERY_STRING": "format=json"}, Policy(FakeTokens({"USER": Grant("42")})))

    assert refused.value.headers == {"WWW-Authenticate": "Bearer"}


def test_events_ask_for_another_format_than_a_websocket() -> None:
    assert read_listen({"QUERY_STRING": ""}, OPEN, events=True).format_name == "text-events"


def test_a_client_is_told_when_to_come_back_if_there_is_no_room() -> None:
    service = FakeAdopter()
    listen = Listen(address="10.0.0.1")
    check_room(listen, service)

    service.crowded.add("10.0.0.1")
    with pytest.raises(Refused) as crowded:
        check_room(listen, service)
    service.refuses = "the server is full"
    with pytest.raises(Refused) as full:
        check_room(listen, service)

    assert (crowded.value.status, crowded.value.error) == (429, "too_many_connections")
    assert (full.value.status, full.value.error) == (503, "unavailable")
    assert full.value.reason == "the server is full"
    assert crowded.value.headers == full.value.headers == {"Retry-After": "5"}
