"""A trigger is answered at the door as behind Flask, and pushes the same."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from tests.support.fakes import FakeQueue
from tests.support.pusher_door import answer, at_door, body_of, head_of
from tests.support.pusher_http import TWO, query, signed
from tests.support.reads import Stores

QUEUE = FakeQueue()
APP = Stores().app(Settings(pusher_apps=TWO, max_content_bytes=20, max_channels=2), QUEUE)
DOOR = at_door(APP, QUEUE)
FLASK = APP.test_client()

names = st.sampled_from(["paid", "", "pusher:a", "n" * 201, "消息", 5, None])
channels = st.sampled_from(["orders", "presence-a", "a b", "", "user:1", "#server-to-user-42", 7])
data = st.sampled_from(["{}", "", "x" * 21, {"a": [1]}, 5, None, "消息"])
fields = st.fixed_dictionaries(
    {"name": names, "data": data},
    optional={
        "channel": channels,
        "channels": st.lists(channels, max_size=3),
        "socket_id": st.sampled_from(["1.2", "1", None]),
        "info": st.sampled_from(["subscription_count", "", None]),
    },
)
documents = st.one_of(fields, st.sampled_from([b"", b"{", b"[]", b"\xff", []]))
others = st.sampled_from(
    [
        {},
        {"auth_version": ""},
        {"auth_version": "2"},
        {"auth_timestamp": "5"},
        {"auth_key": ""},
        {"auth_key": "nobody"},
        {"auth_signature": "0" * 64},
        {"body_md5": "0" * 32},
        {"body_md5": ""},
    ]
)


@given(documents, others, st.sampled_from(TWO), st.sampled_from(["3", "7", "1024", "a.b"]))
def test_the_door_answers_as_flask_does_or_not_at_all(
    document: Any, other: dict[str, Any], app: tuple[str, str, str], id_: str
) -> None:
    path, body = f"/apps/{id_}/events", body_of(document)
    text = query(signed("POST", path, body, app=app, **other))
    head = head_of(path, text, length=len(body))
    assert head is not None

    at_the_door = answer(DOOR, head, body)
    pushed_at_door = QUEUE.take()
    behind = FLASK.post(f"{path}?{text}", data=body, content_type="application/json")
    pushed = QUEUE.take()

    if at_the_door is None:
        assert pushed_at_door == []
        assert behind.status_code != 200 or "info" in document
    else:
        assert (at_the_door.status, at_the_door.body) == (behind.status_code, behind.data)
        assert at_the_door.kind == behind.content_type
        assert pushed_at_door == pushed != []
