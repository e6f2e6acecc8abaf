"""What a client asks for, from its query and headers."""

from typing import Any

import pytest

from common.refused import Refused
from tests.support.fakes import FakeTokens
from ws_server.door.grant import ANYBODY, Grant
from ws_server.door.listen import DEFAULT, MOST_LAST, Listen, choose
from ws_server.door.policy import OPEN, Policy

USER = Grant("42", frozenset(["orders", "news.*"]), expires=1e9)
CLOSED = Policy(FakeTokens({"USER": USER, "GUEST": Grant(None, frozenset())}), max_channels=3)


def asked(
    query: str = "", policy: Policy = OPEN, *, events: bool = False, **headers: str
) -> Listen:
    return Listen.parse({"QUERY_STRING": query, **headers}, policy, events=events)


def refused(
    query: str = "", policy: Policy = OPEN, *, events: bool = False, **headers: str
) -> tuple[int, str]:
    with pytest.raises(Refused) as raised:
        asked(query, policy, events=events, **headers)
    return raised.value.status, raised.value.error


def test_who_asks_for_nothing_gets_text_from_now_on() -> None:
    assert asked() == DEFAULT == Listen("text")
    assert asked("uid=1&x") == DEFAULT


def test_the_format_is_chosen_by_query_or_subprotocol() -> None:
    assert asked("format=json").format_name == "json"
    assert asked("format=json", events=True).format_name == "json-events"
    assert asked(events=True).format_name == "text-events"
    offered = asked(HTTP_SEC_WEBSOCKET_PROTOCOL="chat, message-center.json")
    assert (offered.format, offered.protocol) == ("json", "message-center.json")
    both = asked("format=text", HTTP_SEC_WEBSOCKET_PROTOCOL="message-center.json")
    assert (both.format, both.protocol) == ("text", None)


def test_a_page_that_must_agree_on_a_protocol_can_have_the_text_format() -> None:
    offered = asked(HTTP_SEC_WEBSOCKET_PROTOCOL="message-center.text")
    assert (offered.format, offered.protocol) == ("text", "message-center.text")
    overruled = asked("format=json", HTTP_SEC_WEBSOCKET_PROTOCOL="message-center.text")
    assert (overruled.format, overruled.protocol) == ("json", None)


def test_the_first_protocol_of_ours_counts_unless_the_query_wants_another() -> None:
    both = "message-center.text, message-center.json"
    first = asked(HTTP_SEC_WEBSOCKET_PROTOCOL=both)
    assert (first.format, first.protocol) == ("text", "message-center.text")
    wanted = asked("format=json", HTTP_SEC_WEBSOCKET_PROTOCOL=both)
    assert (wanted.format, wanted.protocol) == ("json", "message-center.json")


def test_a_protocol_that_is_not_ours_is_not_agreed_on() -> None:
    assert asked(HTTP_SEC_WEBSOCKET_PROTOCOL="chat").protocol is None


def test_a_last_id_is_taken_from_the_query_and_for_events_from_the_header_first() -> None:
    assert asked("last_id=e-1-0").last_id == "e-1-0"
    assert asked("last_id=").last_id is None
    assert asked("last_id=a", events=True, HTTP_LAST_EVENT_ID="b").last_id == "b"
    assert asked("last_id=a", events=True, HTTP_LAST_EVENT_ID="").last_id == "a"
    assert asked("x=1", HTTP_LAST_EVENT_ID="b").last_id is None


def test_last_is_a_number_within_bounds() -> None:
    assert asked("last=20").last == 20
    assert asked(f"last={MOST_LAST}").last == MOST_LAST


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("format=xml", "bad_format"),
        ("last=-1", "bad_last"),
        (f"last={MOST_LAST + 1}", "bad_last"),
        ("last=many", "bad_last"),
        ("last=%D9%A1", "bad_last"),  # An Arabic digit one.
        ("last=" + "1" * 5000, "bad_last"),
    ],
)
def test_what_cannot_be_is_named(query: str, error: str) -> None:
    with pytest.raises(Refused) as raised:
        asked(query)

    assert raised.value.error == error
    assert error.removeprefix("bad_") in str(raised.value)


def test_without_tokens_anybody_listens_to_any_channel_but_those_of_users() -> None:
    listen = asked("channels=orders,news.*")

    assert (listen.channels, listen.grant) == (frozenset(["orders", "news.*"]), ANYBODY)
    assert refused("channels=orders,user:42") == (403, "channel_forbidden")


def test_channels_may_be_given_several_times_and_twice() -> None:
    assert asked("channels=a,b&channels=c&channels=b").channels == frozenset("abc")
    assert asked("channels=a", events=True).channels == frozenset("a")


@pytest.mark.parametrize("query", ["channels=", "channels", "channels=,", "channels=&channels="])
def test_no_name_is_a_wish_for_no_channel(query: str) -> None:
    assert asked(query).channels == frozenset()
    assert asked(f"{query}&token=USER", CLOSED).channels == USER.own
    assert asked("token=USER", CLOSED).channels == USER.default


def test_whoever_asks_for_a_channel_by_another_name_is_told() -> None:
    assert refused("channel=orders") == (400, "bad_channel")
    assert refused("channels[]=orders") == (400, "bad_channel")
    assert refused("chanels=orders", events=True) == (400, "bad_channel")


@pytest.mark.parametrize("query", ["user=42", "users=42,43", "fromat=json", "lastid=1a-1-0"])
def test_a_parameter_that_was_meant_is_named(query: str) -> None:
    assert refused(query) == (400, "bad_parameter")


@pytest.mark.parametrize("name", ["lastEventId", "lastEventID", "Last-Event-ID", "last_event_id"])
def test_the_id_of_a_polyfill_goes_before_where_the_page_began(name: str) -> None:
    query = f"last_id=old&{name}=newer"

    assert asked(query, events=True).last_id == "newer"
    assert asked(query, events=True, HTTP_LAST_EVENT_ID="newest").last_id == "newest"


def test_of_several_the_last_counts_even_if_it_is_empty() -> None:
    assert asked("format=json&format=text").format == "text"
    assert asked("format=json&format=") == DEFAULT
    assert asked("last=5&last=7").last == 7


@pytest.mark.parametrize(
    "word",
    [
        "message-center",
        "message-center.jsno",
        "Message-Center.json",
        "message_center.json",
        "messagecenter.text",
        "message-centre.json",
        "message-center.Token.abc",
        "message-center.channels.orders",
    ],
)
def test_a_subprotocol_that_was_meant_as_ours_is_refused(word: str) -> None:
    with pytest.raises(Refused, match=r"message-center\.json") as raised:
        asked(HTTP_SEC_WEBSOCKET_PROTOCOL=f"chat, {word}")

    assert (raised.value.status, raised.value.error) == (400, "bad_parameter")
    assert "abc" not in str(raised.value)  # It may be a token.


@pytest.mark.parametrize("query", ["last_id=", "last=", "format=", "last_id=&last=&format="])
def test_what_is_empty_counts_as_left_out(query: str) -> None:
    assert asked(query) == asked("x=y")


@pytest.mark.parametrize(
    "query",
    [
        "channels=a,b%20c",
        "channels=*",
        "channels=a*",
        "channels=%E6%B6%88",
        "channels=" + "x" * 201,
    ],
)
def test_a_channel_has_a_name_of_its_kind(query: str) -> None:
    assert refused(query) == (400, "bad_channel")


def test_a_connection_has_a_bounded_number_of_channels() -> None:
    few = Policy(max_channels=2)

    assert asked("channels=a,b,a", few).channels == frozenset("ab")
    assert refused("channels=a,b,c", few) == (400, "too_many_channels")


def test_who_asks_for_nothing_listens_to_all_that_is_granted() -> None:
    listen = asked("token=USER", CLOSED)

    assert listen.channels == frozenset(["orders", "news.*", "user:42"])
    assert listen.grant == USER
    assert asked("token=GUEST", CLOSED).channels == frozenset()


def test_who_asks_gets_that_and_the_own_channel_and_nothing_else() -> None:
    assert asked("token=USER&channels=news.eu", CLOSED).channels == {"news.eu", "user:42"}
    assert asked("token=USER&channels=news.eu.*", CLOSED).channels == {"news.eu.*", "user:42"}
    assert asked("token=USER&channels=user:42", CLOSED).channels == {"user:42"}


@pytest.mark.parametrize(
    "query",
    [
        "token=USER&channels=orders,other",
        "token=USER&channels=news",
        "token=USER&channels=orders.*",
        "token=USER&channels=user:7",
        "token=GUEST&channels=orders",
    ],
)
def test_what_is_not_granted_is_forbidden(query: str) -> None:
    assert refused(query, CLOSED) == (403, "channel_forbidden")


def test_a_refusal_names_the_channel() -> None:
    with pytest.raises(Refused, match=r"to other$"):
        choose(["orders", "other"], USER, 3)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("token=USER", {}),
        ("token=USER&token=USER", {}),
        ("", {"HTTP_AUTHORIZATION": "Bearer USER"}),
        ("", {"HTTP_AUTHORIZATION": "bearer  USER "}),
        ("token=USER", {"HTTP_AUTHORIZATION": "Bearer USER"}),
        ("token=USER", {"HTTP_AUTHORIZATION": "Basic USER2"}),
        ("token=&x=1", {"HTTP_AUTHORIZATION": "Bearer USER"}),
    ],
)
def test_a_token_comes_in_the_query_or_in_a_header(query: str, headers: dict[str, Any]) -> None:
    assert asked(query, CLOSED, **headers).grant == USER
    assert asked(query, CLOSED, events=True, **headers).grant == USER


@pytest.mark.parametrize(
    "offered",
    [
        "message-center.json, message-center.token.USER",
        "message-center.token.USER,message-center.json",
        " message-center.json ,chat, message-center.token.USER , message-center.token.",
    ],
)
def test_a_token_comes_beside_the_protocol_that_is_agreed_on(offered: str) -> None:
    listen = asked("", CLOSED, HTTP_SEC_WEBSOCKET_PROTOCOL=offered)

    assert (listen.grant, listen.protocol) == (USER, "message-center.json")


def test_a_token_is_never_agreed_on() -> None:
    for policy in (OPEN, CLOSED):
        listen = asked("", policy, HTTP_SEC_WEBSOCKET_PROTOCOL="message-center.token.USER")
        assert listen.protocol is None


def test_a_token_of_events_is_in_no_list_of_protocols() -> None:
    offered = "message-center.token.USER"
    told = refused("", CLOSED, events=True, HTTP_SEC_WEBSOCKET_PROTOCOL=offered)

    assert told == (401, "unauthorized")


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("channels=orders", {}),
        ("token=", {}),
        ("", {"HTTP_AUTHORIZATION": "Basic VVNFUg=="}),
        ("", {"HTTP_AUTHORIZATION": "Bearer"}),
        ("", {"HTTP_AUTHORIZATION": "USER"}),
        ("", {"HTTP_SEC_WEBSOCKET_PROTOCOL": "message-center.json"}),
        ("", {"HTTP_SEC_WEBSOCKET_PROTOCOL": "message-center.token."}),
    ],
)
def test_nobody_listens_without_a_token_where_one_is_needed(
    query: str, headers: dict[str, Any]
) -> None:
    assert refused(query, CLOSED, **headers) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("token=WRONG", {}),
        ("token=USER&token=GUEST", {}),
        ("token=USER", {"HTTP_AUTHORIZATION": "Bearer GUEST"}),
        ("token=USER", {"HTTP_SEC_WEBSOCKET_PROTOCOL": "message-center.token.GUEST"}),
        ("", {"HTTP_AUTHORIZATION": "Bearer USER, Bearer USER"}),
        (
            "",
            {"HTTP_SEC_WEBSOCKET_PROTOCOL": "message-center.token.USER,message-center.token.GUEST"},
        ),
    ],
)
def test_a_wrong_token_is_refused_and_so_are_several(query: str, headers: dict[str, Any]) -> None:
    assert refused(query, CLOSED, **headers) == (401, "bad_token")


def test_a_token_that_nobody_needs_is_not_looked_at() -> None:
    assert asked("token=WRONG&token=USER") == DEFAULT
    assert asked(HTTP_AUTHORIZATION="Bearer WRONG") is DEFAULT


def test_a_client_has_a_name_for_its_place_and_nobody_shares_it_with_another_user() -> None:
    anybody, user = asked("client=a.b_c:1@d-"), asked("token=USER&client=abc", CLOSED)

    assert (anybody.client, anybody.remembered_as) == ("a.b_c:1@d-", "a.b_c:1@d-")
    assert (user.client, user.remembered_as) == ("abc", "abc/42")
    assert asked("client=") == DEFAULT


@pytest.mark.parametrize("query", ["client=a/42", "client=a%20b", "client=%E4", "clients=a"])
def test_a_name_of_a_client_that_cannot_be_is_refused(query: str) -> None:
    assert refused(query) == (400, "bad_parameter")
    assert refused("client=" + "a" * 101) == (400, "bad_parameter")


def test_where_no_client_is_remembered_it_is_told() -> None:
    assert refused("client=abc", Policy(remembers_clients=False)) == (400, "bad_parameter")
    assert refused("client=abc", events=True) == (400, "bad_parameter")


def test_who_confirms_by_command_says_so_and_only_json_over_a_websocket_can() -> None:
    assert asked("format=json&confirm=1").confirms
    assert not asked("format=json&confirm=1", events=True).confirms
    others = ("confirm=1", "format=json&confirm=yes", "format=json", "format=json&confirms=1")
    assert [asked(query).confirms for query in others] == [False] * 4
