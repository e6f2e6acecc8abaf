"""A trigger is answered at the door as behind Flask, and pushes the same."""

import operator
from collections.abc import Sequence
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


def mostly(right: Sequence[Any], wrong: Sequence[Any]) -> st.SearchStrategy[Any]:
    """Of many parts all should be right now and then: else nothing would ever be pushed."""
    return st.integers(0, 9).flatmap(lambda number: st.sampled_from(wrong if number > 8 else right))


names = mostly(["paid", "消息"], ["", "pusher:a", "n" * 201, 5, None])
channels = mostly(["orders", "presence-a", "#server-to-user-42"], ["a b", "", "user:1", 7])
data = mostly(["{}", "", {"a": [1]}, 5, "消息"], ["x" * 21, None])
fields = st.fixed_dictionaries(
    {"name": names, "data": data},
    optional={
        "socket_id": mostly(["1.2", None], ["1"]),
        "info": mostly([None], ["subscription_count", ""]),
    },
)
recipients = st.one_of(
    st.fixed_dictionaries({"channel": channels}),
    st.fixed_dictionaries({"channels": st.lists(channels, min_size=1, max_size=2)}),
    st.fixed_dictionaries({}, optional={"channel": channels, "channels": st.lists(channels)}),
)
events = st.builds(operator.or_, fields, recipients)
batches = st.fixed_dictionaries({"batch": st.lists(events, min_size=1, max_size=2)})
bad = st.sampled_from([b"", b"{", b"[]", b"\xff", [], {"batch": []}])
requests = st.one_of(
    st.tuples(st.just("events"), events),
    st.tuples(st.just("batch_events"), batches),
    st.tuples(st.sampled_from(["events", "batch_events"]), st.one_of(events, batches, bad)),
)
others = mostly(
    [{}, {"auth_version": ""}],
    [
        {"auth_version": "2"},
        {"auth_timestamp": "5"},
        {"auth_key": ""},
        {"auth_key": "nobody"},
        {"auth_signature": "0" * 64},
        {"body_md5": "0" * 32},
        {"body_md5": ""},
    ],
)


@given(requests, others, st.sampled_from(TWO), mostly(["1024", "a.b"], ["3", "7"]))
def test_the_door_answers_as_flask_does_or_not_at_all(
    asked: tuple[str, Any], other: dict[str, Any], app: tuple[str, str, str], id_: str
) -> None:
    route, document = asked
    path, body = f"/apps/{id_}/{route}", body_of(document)
    text = query(signed("POST", path, body, app=app, **other))
    head = head_of(path, text, length=len(body))
    assert head is not None

    at_the_door = answer(DOOR, head, body)
    pushed_at_door = QUEUE.take()
    behind = FLASK.post(f"{path}?{text}", data=body, content_type="application/json")
    pushed = QUEUE.take()

    if at_the_door is None:
        assert pushed_at_door == []
        assert behind.status_code != 200 or b'"info"' in body
    else:
        assert (at_the_door.status, at_the_door.body) == (behind.status_code, behind.data)
        assert at_the_door.kind == behind.content_type
        assert pushed_at_door == pushed != []
