"""Group commit with a real Valkey that stands still, is killed, moves or refuses pushes."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import redis

from config.cli.embedded import EmbeddedValkey
from tests.support.certificate import make_certificate
from tests.support.processes import wait_until
from tests.support.pusher import LOST, MANY, OK, Push, Pusher, pusher
from tests.support.redis_servers import Proxy, Server
from tests.support.store import full_memory
from tests.support.tls_proxy import tls_proxy

pytestmark = pytest.mark.integration

TIMEOUT = 1.5
KEY = "key"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "redis"
    with closing(Server(folder, "appendonly yes", "appendfsync always")) as server:
        yield server


@pytest.fixture
def pushing(server: Server) -> Iterator[Pusher]:
    with pusher(url_of(server), KEY, TIMEOUT, room=30) as process:
        assert process.push([("first", None)]) == {"first": OK}
        yield process


def url_of(server: Server) -> str:
    return f"redis://{server.address}/0"


def pushes(count: int, start: int = 0) -> list[Push]:
    """Every third has an id."""
    return [(str(n), None if n % 3 else f"id-{n}") for n in range(start, start + count)]


def queued(server: Server) -> Counter[str]:
    return Counter(item.decode() for item in server.redis.lrange(KEY, 0, -1))


def confirmed(results: dict[str, str]) -> set[str]:
    return {content for content, told in results.items() if told == OK}


def test_all_that_come_at_once_are_queued_in_their_order(pushing: Pusher, server: Server) -> None:
    results = pushing.push(pushes(50))

    assert set(results.values()) == {OK}
    assert list(results) == [str(n) for n in range(50)]
    assert server.redis.lrange(KEY, 0, -1)[::-1] == [b"first", *(b"%d" % n for n in range(50))]


def test_an_id_that_stands_for_another_item_is_told_and_a_known_item_is_queued_once(
    pushing: Pusher, server: Server
) -> None:
    pairs = [("a", "1"), ("b", None), ("a", "1"), ("c", "1")]
    pushing.submit(pairs)
    told = [pushing.results(1).popitem() for _ in pairs]

    assert told == [("a", OK), ("b", OK), ("a", OK), ("c", "the item at 0 is another")]
    assert queued(server) == Counter(["first", "a", "b"])


def test_all_that_wait_for_a_redis_that_stands_still_are_told_in_time(
    pushing: Pusher, server: Server
) -> None:
    with server.stalled():
        results = pushing.push(pushes(20))
    after = pushing.push([("after", None)])

    assert (set(results.values()), after) == ({LOST}, {"after": OK})
    assert all(seconds < 1.9 * TIMEOUT for seconds in pushing.seconds.values())
    assert max(queued(server).values()) == 1


def test_while_redis_stands_still_few_wait_and_the_others_are_sent_away(
    pushing: Pusher, server: Server
) -> None:
    server.redis.client_pause(60_000)
    results = pushing.push(pushes(100))
    now = pushing.push([("now", None)])

    assert Counter(results.values()) == {LOST: 30, MANY: 70}
    assert max(pushing.seconds[content] for content in results if results[content] == MANY) < 1.4
    assert now["now"] in (LOST, MANY)


def test_a_redis_that_goes_on_in_time_takes_all_that_waited(
    pushing: Pusher, server: Server
) -> None:
    with server.stalled():
        pushing.submit(pushes(20))
    results = pushing.results(20)

    assert set(results.values()) == {OK}
    assert queued(server) == Counter(["first", *results])


@pytest.mark.parametrize("at", range(4))
def test_what_was_confirmed_is_there_after_a_kill(pushing: Pusher, server: Server, at: int) -> None:
    """It is killed with pushes under way, and some answered already."""
    for start in range(0, 200, 10):
        pushing.submit(pushes(10, start))
    before = pushing.results(at * 40)
    server.kill()
    results = before | pushing.results(200 - len(before))
    server.start()

    now = queued(server)
    assert confirmed(results) <= set(now)
    assert max(now.values()) == 1
    assert pushing.push([("after", None)]) == {"after": OK}


def test_pushes_with_ids_survive_the_end_of_their_connections(
    pushing: Pusher, server: Server
) -> None:
    results: dict[str, str] = {}
    for start in range(0, 300, 30):
        pushing.submit([(str(n), f"id-{n}") for n in range(start, start + 30)])
        server.redis.client_kill_filter(_type="normal", skipme=True)
        results |= pushing.results(30)
    now = queued(server)

    assert set(results.values()) == {OK}
    assert now == Counter(["first", *results])


def test_a_connection_that_redis_closes_costs_no_push(pushing: Pusher, server: Server) -> None:
    """It is idle: that is noticed before the next one is sent."""

    def is_alone() -> bool:
        return len(server.redis.client_list()) == 1

    for number in range(5):
        server.redis.client_kill_filter(_type="normal", skipme=True)
        wait_until(is_alone, "closed")
        assert pushing.push([(str(number), None)]) == {str(number): OK}


def test_nothing_is_left_of_a_connection_that_was_given_up(pushing: Pusher, server: Server) -> None:
    server.redis.client_pause(60_000, all=False)
    results = [pushing.push([(str(number), None)]) for number in range(2)]
    server.redis.client_unpause()

    assert results == [{"0": LOST}, {"1": LOST}]
    assert pushing.push([("after", None)]) == {"after": OK}
    wait_until(lambda: len(server.redis.client_list()) == 2, "the others are closed")


@contextmanager
def read_only(client: redis.Redis) -> Iterator[None]:
    client.replicaof("127.0.0.1", "1")
    try:
        yield
    finally:
        client.replicaof("NO", "ONE")


@contextmanager
def no_replicas(client: redis.Redis) -> Iterator[None]:
    client.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        client.config_set("min-replicas-to-write", 0)


@pytest.mark.parametrize("refusing", [full_memory, read_only, no_replicas])
def test_while_redis_refuses_nothing_is_confirmed_and_then_all_is(
    pushing: Pusher, server: Server, refusing: Callable[[redis.Redis], Iterator[None]]
) -> None:
    with refusing(server.redis):  # type: ignore[attr-defined]
        results = pushing.push(pushes(20))
        assert set(results.values()) == {LOST}
        assert queued(server) == {"first": 1}
    assert set(pushing.push(pushes(20)).values()) == {OK}
    assert sum(queued(server).values()) == 21


def test_a_key_that_is_no_list_fails_what_would_go_there(pushing: Pusher, server: Server) -> None:
    server.redis.rename(KEY, "kept")
    server.redis.set(KEY, "text")
    results = pushing.push(pushes(5))
    server.redis.rename("kept", KEY)

    assert set(results.values()) == {LOST}
    assert all("wrong kind of value" in pushing.reasons[content] for content in results)
    assert set(pushing.push(pushes(5)).values()) == {OK}


def test_the_script_may_be_forgotten_at_any_time(pushing: Pusher, server: Server) -> None:
    results: dict[str, str] = {}
    for start in range(0, 300, 30):
        pushing.submit([(str(n), f"id-{n}") for n in range(start, start + 30)])
        server.redis.script_flush()
        results |= pushing.results(30)

    assert set(results.values()) == {OK}
    assert queued(server) == Counter(["first", *results])


def test_a_right_that_is_missing_fails_its_own_pushes_and_nobody_elses(
    valkey: EmbeddedValkey, client: redis.Redis, key: str
) -> None:
    client.acl_setuser(key, reset=True, enabled=True, passwords=["+x"], keys=["*"])
    client.execute_command("ACL", "SETUSER", key, "+@all", "-set")
    url = valkey.url.replace("redis://", f"redis://{key}:x@").removesuffix("/0") + "/3"
    with pusher(url, key) as pushing:
        results = pushing.push([("a", None), ("b", "1"), ("c", None)])
    client.acl_deluser(key)

    assert results == {"a": OK, "b": LOST, "c": OK}
    assert "no permissions" in pushing.reasons["b"]
    with closing(redis.Redis.from_url(valkey.url.removesuffix("/0") + "/3")) as third:
        assert third.lrange(key, 0, -1)[::-1] == [b"a", b"c"]


def test_a_password_that_is_wrong_is_told(server: Server) -> None:
    url = url_of(server).replace("redis://", "redis://nobody:wrong@")
    with pusher(url, KEY) as pushing:
        assert pushing.push([("a", None)]) == {"a": LOST}
    assert "WRONGPASS" in pushing.reasons["a"] or "invalid username" in pushing.reasons["a"]


def test_a_redis_that_comes_later_is_found(server: Server) -> None:
    server.kill()
    with pusher(url_of(server), KEY) as pushing:
        assert set(pushing.push(pushes(5)).values()) == {LOST}
        assert "refused" in pushing.reasons["0"]
        server.start()
        assert set(pushing.push(pushes(5)).values()) == {OK}


def test_a_redis_at_a_socket_file_is_one_too(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with closing(Server(tmp_path / "redis", f"unixsocket {path}")) as server:
        with pusher(f"unix://{path}", KEY) as pushing:
            assert set(pushing.push(pushes(5)).values()) == {OK}
        assert sum(queued(server).values()) == 5


def test_tls_carries_small_and_large_pushes(server: Server, tmp_path: Path) -> None:
    """A large one fills the kernel's buffer, and is sent in parts."""
    certificate = make_certificate(tmp_path, "localhost")
    with ExitStack() as stack:
        port = stack.enter_context(tls_proxy(server.port, certificate))
        url = f"rediss://localhost:{port}/0?ssl_ca_certs={certificate.path}"
        pushing = stack.enter_context(pusher(url, KEY))
        large = [("x" * 5_000_000 + str(n), None if n % 2 else str(n)) for n in range(4)]
        for each in (pushes(300), large, pushes(300, 300)):
            assert set(pushing.push(each).values()) == {OK}
            contents = [content.encode() for content, _ in each]
            assert server.redis.lrange(KEY, 0, len(each) - 1)[::-1] == contents


def test_a_way_that_carries_nothing_any_more_is_left(server: Server) -> None:
    """Nothing says that the other side is gone, so only the time tells."""
    with ExitStack() as stack:
        proxy = stack.enter_context(closing(Proxy(server.port)))
        pushing = stack.enter_context(pusher(f"redis://127.0.0.1:{proxy.port}/0", KEY, TIMEOUT))
        assert pushing.push([("first", None)]) == {"first": OK}
        proxy.lose_connections()
        assert set(pushing.push(pushes(10)).values()) == {LOST}
        assert set(pushing.push(pushes(10)).values()) == {OK}
