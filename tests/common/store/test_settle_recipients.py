"""From an envelope to `Page.recipients`, through a real Valkey."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
import redis

from common.channels import is_name, is_user
from common.message import ENVELOPE_MARK, Kick, Mark, Message, parse_id
from common.page import Page
from common.store.log_state import Settled
from config.settings import Settings
from tests.support.store import NOTHING, Center, envelope, settle

pytestmark = pytest.mark.integration

LONGEST = "x" * 200

# Every way to read the log; each reads all of it.
READERS: dict[str, Callable[[Center], Page]] = {
    "settle_and_read": lambda center: center.log.settle_and_read(NOTHING, 1000)[1],
    "read_after": lambda center: center.log.read_after(NOTHING, 1000)[0],
    "ask_to_settle": lambda center: center.log.ask_to_settle(NOTHING, 1000, 0.01)()[1],
    "read_between": lambda center: center.log.read_between(center.at(0), 1 << 127, 1000).page,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_every_reader_is_told_recipients(center: Center, read: Callable[[Center], Page]) -> None:
    done, _ = settle(
        center,
        b"all",
        Message("some", ("orders", "user:42")).to_item(),
        Message("\x1eall").to_item(),
        Kick("42").to_item(),
        Message("", ("news.eu",)).to_item(),
    )

    page = read(center)

    assert done == Settled(moved=5, rejected=0, waiting=0)
    assert page.contents == [b"all", b"some", b"\x1eall", b"", b""]
    assert page.recipients == [(), ("orders", "user:42"), (), ("!42",), ("news.eu",)]


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_page_for_everybody_has_no_recipients(
    center: Center, read: Callable[[Center], Page]
) -> None:
    settle(center, b"a", Message("\x1eb").to_item())

    assert read(center).contents == [b"a", b"\x1eb"]
    assert read(center).recipients is None


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_an_empty_page_has_no_recipients(center: Center, read: Callable[[Center], Page]) -> None:
    center.settle()  # So the log has an epoch.

    assert read(center) == Page([], [], None)


def test_each_page_has_the_recipients_of_its_own_messages(center: Center) -> None:
    settle(center, b"a", Message("b", ("x",)).to_item(), b"c")

    ids = [0, *map(parse_id, center.log.read_after(NOTHING, 3)[0].ids)]
    pages = [center.log.read_after(Mark("", after), 1)[0] for after in ids[:3]]

    assert [page.contents for page in pages] == [[b"a"], [b"b"], [b"c"]]
    assert [page.recipients for page in pages] == [None, [("x",)], None]


def test_plain_content_that_looks_addressed_is_for_everybody(center: Center) -> None:
    _, page = settle(center, b'{"content":"a","channels":["b"]}', b"a !42")

    assert page.recipients is None


def test_a_name_that_comes_twice_is_one_address(center: Center) -> None:
    _, page = settle(center, envelope(content="a", channels=["b", "c", "b"]))

    assert page.recipients == [("b", "c")]


def test_a_message_may_have_as_many_channels_as_the_setting_allows(center: Center) -> None:
    check = next(each for each in fields(Settings) if each.name == "max_channels").metadata["check"]
    most = check("1000")
    with pytest.raises(ValueError, match=r"1000"):
        check("1001")
    all_names = [f"{number:0100}" for number in range(most + 1)]

    done, page = settle(
        center,
        envelope(content="a", channels=all_names[:most]),
        envelope(content="b", channels=all_names),
    )

    assert (done.moved, done.rejected) == (1, 1)
    assert page.recipients == [tuple(all_names[:most])]


@pytest.mark.parametrize(
    "item",
    [
        envelope(content="a", channels=[]),
        envelope(content="a", channels={}),
        envelope(content="a", channels={"1": "b"}),
        envelope(content="a", channels=None),
        envelope(content="a", channels=False),
        envelope(content="a", channels=[None]),
        envelope(content="a", channels=["b", None]),
        envelope(content="a", channels=""),
        envelope(content="a", channels=","),
        envelope(content="a", channels="b,"),
        envelope(content="a", channels="b, c"),
        envelope(content="a", channels=[1.5]),
        envelope(content="a", channels=[True]),
        envelope(content="a", channels=["b"], users=[]),
        envelope(content="a", channels=["b"], user=None),
        envelope(content="a", channel=""),
        envelope(content="a", channel=None),
        envelope(content="a", channel=["b"]),
        envelope(content="a", channel="b,c"),
        envelope(content="a", users=""),
        envelope(content="a", users=","),
        envelope(content="a", users=None),
        envelope(content="a", users=[]),
        envelope(content="a", users={}),
        envelope(content="a", users={"1": 42}),
        envelope(content="a", users=["user:42"]),
        envelope(content="a", users=[2**53 + 1]),
        envelope(content="a", users="x" * 196),
        envelope(content="a", user=""),
        envelope(content="a", user=None),
        envelope(content="a", user=False),
        envelope(content="a", user="user:42"),
        envelope(content="a", user="1,2"),
        envelope(content="a", user=10**17),
        envelope(content="a", user=1e300),
        envelope(content="a", uid=42),
        envelope(user=42),
        envelope(content="a", channels=[["b"]]),
        envelope(content="a", channels=["b", ""]),
        envelope(content="a", channels=["b", "x" + LONGEST]),
        envelope(content="a", channels=["b c"]),
        envelope(content="a", channels=["b\n"]),
        envelope(content="a", channels=["b\x00"]),
        envelope(content="a", channels=["\x00"]),
        envelope(content="a", channels=["é"]),
        envelope(content="a", channels=["!42"]),
        envelope(content="a", channels=["orders.*"]),
        envelope(content="a", channels=["*"]),
        envelope(content="a", channels=["b"], id="c"),
        envelope(channels=["b"]),
        envelope(content=None, channels=["b"]),
        envelope(kick=42),
        envelope(kick=None),
        envelope(kick=False),
        envelope(kick=""),
        envelope(kick=["42"]),
        envelope(kick="4 2"),
        envelope(kick="42\n"),
        envelope(kick="!42"),
        envelope(kick="x" * 196),
        envelope(kick="42", content="a"),
        envelope(kick="42", channels=["b"]),
        envelope(kick=None, content="a"),
        envelope(kick=False, content="a"),
        ENVELOPE_MARK + b'{"content":"a","channels":["b"],"channels":[]}',
        ENVELOPE_MARK + b'{"content":"a","user":"1","user":"2"}',
        ENVELOPE_MARK + b'{"user" : "1","content":"a",\n"user"\t:"2"}',
        ENVELOPE_MARK + rb'{"content":"a","\u0075ser":"1","us\u0065r":"2"}',
        ENVELOPE_MARK + rb'{"content":"a","\u0075sers":"","users":"2","users":"1"}',
        ENVELOPE_MARK + b'{"content":"a","channels":["b"',
        ENVELOPE_MARK + b'{"content":"a","channels":' + b"[" * 2000,
    ],
    ids=lambda item: item[:60].decode(errors="replace"),
)
def test_what_names_nobody_for_certain_is_set_aside(
    center: Center, client: redis.Redis, key: str, item: bytes
) -> None:
    done, page = settle(center, b"before", item, b"after")

    assert done == Settled(moved=2, rejected=1, waiting=0)
    assert page.contents == [b"before", b"after"]
    assert page.recipients is None
    assert client.lrange(f"{{{key}}}:rejected", 0, -1) == [item]


@pytest.mark.parametrize("name", ["a", LONGEST, "user:42", "a@b-c_d:E.9", "a,b;c=d", ".", "-"])
def test_a_valid_name_is_an_address(center: Center, name: str) -> None:
    _, page = settle(center, envelope(content="a", channels=[name]))

    assert page.recipients == [(name,)]


@pytest.mark.parametrize(
    ("fields", "to"),
    [
        ({"channel": "orders"}, "orders"),
        ({"channel": 7}, "7"),
        ({"channels": "a,b"}, "a b"),
        ({"channels": 7}, "7"),
        ({"channels": ["a", 7]}, "a 7"),
        ({"user": 42}, "user:42"),
        ({"user": "42"}, "user:42"),
        ({"users": [42, "anna", -1, 0]}, "user:42 user:anna user:-1 user:0"),
        ({"users": "42,anna"}, "user:42 user:anna"),
        ({"users": [2**53 - 1]}, "user:9007199254740991"),
        ({"users": [1], "user": 2, "channels": ["b"], "channel": "a"}, "a b user:2 user:1"),
        ({"channels": ["user:1"], "user": 1}, "user:1"),
        ({"channels": ["a,b", "c"], "users": ["1,2"]}, "a,b c user:1,2"),
    ],
)
def test_an_envelope_takes_the_names_that_http_takes(
    center: Center, fields: dict[str, Any], to: str
) -> None:
    _, page = settle(center, envelope(content="a", **fields))

    assert page.recipients == [tuple(to.split())]


def test_names_of_all_fields_together_have_a_limit(center: Center) -> None:
    done, _ = settle(center, envelope(content="a", channels=list(range(1000)), user=1))

    assert done.rejected == 1
    assert done.reason == "too many names"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (b"\x1e{", "it is not JSON"),
        (b"\x1e7", "it is no object"),
        (envelope(content="a", secret="b"), "it has a field that is not known"),
        (envelope(content=1), "content is no text"),
        (envelope(content="a", users=[]), "users names nobody"),
        (envelope(content="a", users=[""]), "users has what cannot be a name"),
        (envelope(content="a", channels=["b"] * 1001), "channels has too many names"),
        (b'\x1e{"content":"a","user":1,"user":2}', "a name stands twice"),
        (envelope(kick=1), "kick is no user"),
        (envelope(kick="1", content="a"), "a kick has other fields"),
    ],
)
def test_the_first_that_was_set_aside_says_why(center: Center, item: bytes, reason: str) -> None:
    done, _ = settle(center, b"good", item, b"\x1e{{")

    assert (done.rejected, done.reason) == (2, reason)


@pytest.mark.parametrize(
    ("item", "content", "to"),
    [
        (envelope(content='"users":"users" : x', users=["1"]), '"users":"users" : x', ["user:1"]),
        (envelope(content="users", users="users"), "users", ["user:users"]),
        (
            envelope(content="user", channel="user", user="channel"),
            "user",
            ["user", "user:channel"],
        ),
        (envelope(content='\\":\x7f\\', channels=["channels"]), '\\":\x7f\\', ["channels"]),
        (b'\x1e{"content":"\\u0061\\"\\u0075ser\\":","user" : 1}', 'a"user":', ["user:1"]),
        (b'\x1e{"content":"a","us\\u0065r":"1"}', "a", ["user:1"]),
    ],
)
def test_what_only_looks_as_if_a_name_stood_twice_is_delivered(
    center: Center, item: bytes, content: str, to: list[str]
) -> None:
    _, page = settle(center, item)

    assert page.contents == [content.encode()]
    assert page.recipients == [tuple(to)]


def test_the_script_takes_the_names_that_python_takes(center: Center) -> None:
    names = [chr(code) for code in (*range(0x800), 0x2028, 0xFF0C, 0xFF1B, 0x10FFFF)]
    names += ["x" * length for length in (0, 1, 195, 196, 200, 201)]
    names += [before + each for before in ("user:", "a") for each in names[:0x100]]
    items = [envelope(content=f"to {name}", channels=[name]) for name in names]
    items += [envelope(content=f"user {name}", users=[name]) for name in names]

    center.queue.push(items)
    center.settle_all()

    taken = [content.decode() for content in center.logged()]
    assert taken == [f"to {name}" for name in names if is_name(name)] + [
        f"user {name}" for name in names if is_user(name)
    ]
