"""What a client asks for: any query, any headers."""

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from ws_server.formats import all_formats
from ws_server.listen import JSON_PROTOCOL, MOST_LAST, BadListen, Listen

NAMES = ["format", "last", "last_id"]

latin = st.text(st.characters(max_codepoint=255))  # As a web server hands on what it reads.
values = (
    st.sampled_from(["text", "json", "", "0", "20", "1001", "-1", "1e3", "٣", "e-1-0"]) | st.text()
)
pairs = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(), values), max_size=6)
queries = latin | pairs.map(urlencode) | pairs.map(lambda given: "&".join(map("=".join, given)))
protocols = latin | st.lists(st.sampled_from([JSON_PROTOCOL, "chat", "", " "])).map(",".join)


def parsed(environ: dict[str, str], *, events: bool) -> Listen | BadListen:
    try:
        return Listen.parse(environ, events=events)
    except BadListen as problem:
        return problem


@given(queries, latin, protocols, st.booleans())
def test_whatever_is_asked_can_be_served_or_is_refused(
    query: str, last_event_id: str, protocol: str, events: bool
) -> None:
    environ = {
        "QUERY_STRING": query,
        "HTTP_LAST_EVENT_ID": last_event_id,
        "HTTP_SEC_WEBSOCKET_PROTOCOL": protocol,
    }
    listen = parsed(environ, events=events)
    if isinstance(listen, BadListen):
        assert listen.error in ("bad_format", "bad_last")
        return

    assert listen.format_name in all_formats("")
    assert all_formats("")[listen.format_name].is_websocket is not events
    assert 0 <= listen.last <= MOST_LAST
    assert listen.last_id != ""
    assert listen.protocol in (None, JSON_PROTOCOL)
    assert listen.protocol is None or not events


@given(st.lists(st.tuples(st.text(), st.text()).filter(lambda pair: pair[0] not in NAMES)))
def test_the_parameters_of_a_page_mean_nothing(pairs: list[tuple[str, str]]) -> None:
    assert Listen.parse({"QUERY_STRING": urlencode(pairs)}) == Listen()


@given(st.sampled_from(["text", "json"]), st.integers(0, MOST_LAST), st.text(min_size=1), pairs)
def test_the_last_of_several_values_counts(
    form: str, last: int, last_id: str, before: list[tuple[str, str]]
) -> None:
    asked = [*before, ("format", form), ("last", str(last)), ("last_id", last_id)]

    assert Listen.parse({"QUERY_STRING": urlencode(asked)}) == Listen(
        form, last_id=last_id, last=last
    )
