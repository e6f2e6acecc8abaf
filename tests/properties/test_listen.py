"""What a client asks for: any query, any headers."""

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from common.channels import is_subscription
from common.refused import Refused
from tests.support.fakes import FakeTokens
from ws_server.door.grant import Grant
from ws_server.door.listen import MOST_LAST, PROTOCOLS, TOKEN_PROTOCOL, Listen
from ws_server.door.policy import OPEN, Policy
from ws_server.wire.formats import all_formats

NAMES = ["channels", "format", "last", "last_id", "token"]
OTHERS = ["uid", "t", "room", "session", "lat", "list", "change", "消息", "x" * 30]
ERRORS = {
    "bad_format": 400,
    "bad_last": 400,
    "bad_channel": 400,
    "too_many_channels": 400,
    "channel_forbidden": 403,
    "unauthorized": 401,
    "bad_token": 401,
    "bad_parameter": 400,
}
USER = Grant("42", frozenset(["orders", "news.*"]))
CLOSED = Policy(FakeTokens({"USER": USER, "GUEST": Grant(None, frozenset())}), max_channels=3)

latin = st.text(st.characters(max_codepoint=255))  # As a web server hands on what it reads.
values = (
    st.sampled_from(["text", "json", "", "0", "20", "1001", "-1", "1e3", "٣", "e-1-0"])
    | st.sampled_from(["USER", "GUEST", "orders", "news.*,news.eu", "user:42", "user:7", "a,,b"])
    | st.text()
)
pairs = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(), values), max_size=6)
queries = latin | pairs.map(urlencode) | pairs.map(lambda given: "&".join(map("=".join, given)))
protocols = latin | st.lists(
    st.sampled_from([*PROTOCOLS, TOKEN_PROTOCOL, f"{TOKEN_PROTOCOL}USER", "chat", "", " "])
).map(",".join)
authorizations = latin | st.sampled_from(["", "Bearer USER", "bearer GUEST", "Basic USER"])


def parsed(environ: dict[str, str], policy: Policy, *, events: bool) -> Listen | Refused:
    try:
        return Listen.parse(environ, policy, events=events)
    except Refused as problem:
        return problem


@given(queries, latin, protocols, authorizations, st.sampled_from([OPEN, CLOSED]), st.booleans())
def test_whatever_is_asked_can_be_served_or_is_refused(
    query: str, last_event_id: str, protocol: str, authorization: str, policy: Policy, events: bool
) -> None:
    environ = {
        "QUERY_STRING": query,
        "HTTP_LAST_EVENT_ID": last_event_id,
        "HTTP_SEC_WEBSOCKET_PROTOCOL": protocol,
        "HTTP_AUTHORIZATION": authorization,
    }
    listen = parsed(environ, policy, events=events)
    if isinstance(listen, Refused):
        assert listen.status == ERRORS[listen.error]
        assert policy.tokens or listen.status != 401
        return

    assert listen.format_name in all_formats("")
    assert all_formats("")[listen.format_name].is_websocket is not events
    assert 0 <= listen.last <= MOST_LAST
    assert listen.last_id != ""
    assert listen.protocol is None or PROTOCOLS[listen.protocol] == listen.format
    assert listen.protocol is None or not events
    assert len(listen.channels - listen.grant.own) <= policy.max_channels
    assert all(is_subscription(name) and listen.grant.allows(name) for name in listen.channels)
    assert listen.grant.own <= listen.channels


@given(st.lists(st.tuples(st.sampled_from(OTHERS), st.text())))
def test_the_parameters_of_a_page_mean_nothing(pairs: list[tuple[str, str]]) -> None:
    assert Listen.parse({"QUERY_STRING": urlencode(pairs)}) == Listen()


@given(st.sampled_from(["text", "json"]), st.integers(0, MOST_LAST), st.text(min_size=1), pairs)
def test_the_last_of_several_values_counts(
    form: str, last: int, last_id: str, before: list[tuple[str, str]]
) -> None:
    others = [pair for pair in before if pair[0] != "channels"]  # All of which count.
    asked = [*others, ("format", form), ("last", str(last)), ("last_id", last_id)]

    assert Listen.parse({"QUERY_STRING": urlencode(asked)}) == Listen(
        form, last_id=last_id, last=last
    )
