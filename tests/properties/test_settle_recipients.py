"""Lua takes the recipients that Python takes, and no others."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from common import channels
from common.message import Message
from common.store.connect import connect
from config.cli.embedded import EmbeddedValkey
from tests.support.store import Center, envelope, settle
from tests.support.strategies import texts

pytestmark = pytest.mark.integration


names = st.from_regex(channels.NAME, fullmatch=True)
odd_names = st.text("ab.*:,! \n\x00é", max_size=4) | st.integers(194, 202).map("x".__mul__)
almost_names = names | odd_names
# Beyond 53 bits a number is set aside: Lua would round it.
whole_numbers = st.integers(1 - 2**53, 2**53 - 1)
things: st.SearchStrategy[Any] = (
    almost_names | st.none() | st.booleans() | whole_numbers | st.just({}) | st.just([])
)


@pytest.fixture(scope="module")
def shared(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    client = connect(valkey.url, timeout=5, connections=1)
    yield client
    client.connection_pool.disconnect()


def new_center(client: redis.Redis) -> Center:
    return Center(client, f"test-{uuid4().hex}")


@given(content=texts(), to=st.lists(names, min_size=1, max_size=5, unique=True))
def test_what_python_writes_comes_out_as_it_went_in(
    shared: redis.Redis, content: str, to: list[str]
) -> None:
    done, page = settle(new_center(shared), Message(content, tuple(to)).to_item())

    assert (done.moved, page.contents, page.recipients) == (1, [content.encode()], [tuple(to)])


def python_takes(field: str, value: Any) -> tuple[str, ...] | None:
    """The channels that a field of an envelope names, by the rules of `common.channels`."""
    of_users = field.startswith("user")
    names = value if field.endswith("s") and isinstance(value, list) else [value]
    if field.endswith("s") and isinstance(value, str):
        names = value.split(",")
    elif isinstance(value, str) and "," in value:
        return None  # Two may be meant.
    texts = [str(name) if type(name) is int else name for name in names]
    is_valid = channels.is_user if of_users else channels.is_name
    if not texts or not all(isinstance(name, str) and is_valid(name) for name in texts):
        return None
    return tuple(dict.fromkeys(channels.of_user(name) if of_users else name for name in texts))


@given(
    field=st.sampled_from(["channel", "channels", "user", "users"]),
    to=st.lists(things, max_size=3) | things | st.lists(almost_names).map(",".join),
)
def test_lua_takes_the_names_that_python_takes(shared: redis.Redis, field: str, to: Any) -> None:
    expected = python_takes(field, to)

    done, page = settle(new_center(shared), envelope(content="a", **{field: to}))

    assert done.rejected == (expected is None)
    assert page.recipients == (None if expected is None else [expected])


@given(user=almost_names | things)
def test_lua_takes_the_users_that_python_takes(shared: redis.Redis, user: Any) -> None:
    is_valid = isinstance(user, str) and channels.is_user(user)

    done, page = settle(new_center(shared), envelope(kick=user))

    assert done.rejected == (not is_valid)
    assert page.recipients == ([(f"!{user}",)] if is_valid else None)
