"""Whatever a client says is read, and whatever is pushed is a packet that its library reads."""

import json

from hypothesis import given
from hypothesis import strategies as st

from common.json_content import JsonBytes
from common.page import Page
from common.refused import Refused
from ws_server.door.policy import Policy
from ws_server.socketio.admission import listen_of
from ws_server.socketio.frames import NO_EVENT, TAKEN, SocketFrames
from ws_server.socketio.packets import Enter, Event, parse_packet
from ws_server.wire.bodies import as_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
said = st.one_of(
    st.text('0123456/?,[]{}":a', max_size=12),
    st.tuples(
        st.sampled_from(["40", "40/a,", "42", "4217", "43"]),
        values.map(json.dumps),
    ).map("".join),
)
auths = st.dictionaries(
    st.sampled_from(["pid", "offset", "last_id", "channels", "last", "token"]),
    values | st.text("~-1a\ud800", max_size=9),
)


@given(said)
def test_whatever_is_said_is_read_as_something(text: str) -> None:
    found = parse_packet(text)

    if isinstance(found, Event):
        assert text[:2] == "42"
    if isinstance(found, Enter):
        assert text[:2] == "40"


@given(auths)
def test_whatever_is_shown_is_refused_or_can_be_told_again(auth: dict[str, object]) -> None:
    try:
        listen = listen_of(auth, Policy(), "")
        told: object = [listen.session, listen.last_id]
    except Refused as refused:
        told = refused.reason

    assert as_json(told)


@given(st.text(), st.text(min_size=1).filter(str.strip), values)
def test_whatever_is_pushed_arrives(content: str, event: str, value: object) -> None:
    page = Page(
        [b"1-0", b"2-0"],
        [content.encode(), JsonBytes(json.dumps([value]).encode())],
        events=[event.encode(), b""],
    )

    first, second = (frame[frame.index(b"[") :] for frame in SocketFrames().messages("1a", page))

    name = NO_EVENT if event in TAKEN else event
    assert json.loads(first) == [name, content, "1a-1-0"]
    assert json.loads(second) == [NO_EVENT, [value], "1a-2-0"]
