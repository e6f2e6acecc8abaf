"""Whatever happens to Redis: what was acknowledged arrives once, in order, at every client.

One HTTP API and two WebSocket servers, one of each kind of delivery, go through all the
failures of one Redis; each kind of failover has three of its own.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.processes import Process, free_port, wait_until
from tests.support.redis_servers import Proxy, Server, cluster, sentinels
from tests.support.system import KEY, PREFIX, Pusher, System

CLIENTS = 3  # Of each WebSocket server.
REDIS_TIMEOUT = 2  # The least that is allowed.

GONE, BACK = "Redis is unavailable", "Redis is back"

# How many outages the HTTP API and the two WebSocket servers (timer, instant) may notice.
Outages = tuple[set[int], set[int], set[int]]
ONE_EACH: Outages = ({1}, {1}, {1})
NOBODY: Outages = ({0}, {0}, {0})


class Site:
    """Our three processes, and clients of both WebSocket servers."""

    def __init__(self, system: System) -> None:
        self._system = system
        with ThreadPoolExecutor() as pool:
            http = pool.submit(system.start_http, REDIS_TIMEOUT=REDIS_TIMEOUT)
            servers = [pool.submit(self._start_ws, delivery) for delivery in ("timer", "instant")]
        ports = [server.result()[1] for server in servers]
        self._processes = [http.result(), *(server.result()[0] for server in servers)]
        self._workers = [process.children() for process in self._processes]
        self.clients = [client for port in ports for client in system.connect(port, CLIENTS)]
        self._received: list[list[str]] = [[] for _ in self.clients]
        self._before = self._outages(GONE)
        self._loads = 0
        self._check_messages([])  # From now on each has its connections, and misses them.

    @contextmanager
    def load(self, outages: Outages = ONE_EACH) -> Iterator[Pusher]:
        """Pushes while something happens, and checks what came of it."""
        self._loads += 1
        self._before = self._outages(GONE)
        pusher = Pusher(self._system, f"load {self._loads}, message")
        try:
            pusher.wait_for_more()
            yield pusher
            pusher.wait_for_more()
            wait_until(lambda: self._outages(GONE) == self._outages(BACK), BACK)
            self._check_messages(pusher.stop())
        except BaseException as problem:
            problem.add_note("\n".join(process.output for process in self._processes))
            raise
        finally:
            pusher.stop()
        assert pusher.statuses <= {200, 503}
        assert [process.children() for process in self._processes] == self._workers  # Nobody died.
        noticed = self._noticed()
        assert all(map(set.__contains__, outages, noticed)), noticed

    def wait_until_noticed(self, by: Sequence[int] = (0, 1, 2)) -> None:
        """Until these of the three processes have missed Redis in this load."""
        wait_until(lambda: all(self._noticed()[at] for at in by), GONE)

    def receive_upto(self, content: str) -> None:
        """What each client is sent, up to `content`."""
        for client, received in zip(self.clients, self._received, strict=True):
            received += [text.removeprefix(PREFIX) for text in client.texts_upto(PREFIX + content)]

    def _check_messages(self, acknowledged: list[str]) -> None:
        last = f"end of load {self._loads}"
        assert self._system.push(last)[0] == 200
        self.receive_upto(last)
        taken, self._received = self._received, [[] for _ in self.clients]
        for received in taken:
            assert len(received) == len(set(received))  # None twice.
            # One whose answer was lost with Redis may have arrived, too.
            assert [text for text in received if text in set(acknowledged)] == acknowledged

    def _start_ws(self, delivery: str) -> tuple[Process, int]:
        return self._system.start_ws(
            DELIVERY=delivery, POLL_INTERVAL=0.05, REDIS_TIMEOUT=REDIS_TIMEOUT
        )

    def _noticed(self) -> list[int]:
        return [now - then for now, then in zip(self._outages(GONE), self._before, strict=True)]

    def _outages(self, line: str) -> list[int]:
        return [process.output.count(line) for process in self._processes]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One Redis that loses nothing that it has acknowledged, even when it is killed."""
    folder = tmp_path_factory.mktemp("redis") / "server"
    with closing(Server(folder, "appendonly yes", "appendfsync always")) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(server: Server) -> Iterator[Proxy]:
    with closing(Proxy(server.port)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, proxy: Proxy) -> Iterator[Site]:
    url = f"redis://127.0.0.1:{proxy.port}/0"
    with System(tmp_path_factory.mktemp("site"), url) as system:
        yield Site(system)


def test_cut_connections_are_opened_again(site: Site, server: Server) -> None:
    with site.load(({0, 1}, {1}, {1})):  # A push notices only if it was just under way.
        server.redis.client_kill_filter(_type="normal", skipme=True)


def test_connections_that_carry_nothing_any_more_are_given_up(site: Site, proxy: Proxy) -> None:
    with site.load():
        proxy.lose_connections()
        site.wait_until_noticed()


def test_a_redis_that_stalls_is_waited_for(site: Site, server: Server) -> None:
    with site.load(), server.stalled():
        site.wait_until_noticed()


def test_a_full_redis_takes_no_push_and_what_it_has_is_delivered(
    site: Site, server: Server
) -> None:
    # A blocking pop is refused, too; so `instant` is slower then, as it waits between its tries.
    with site.load(({1}, {0}, {1})) as pusher:
        filling = server.redis.pipeline()
        filling.lpush(KEY, "the last that fits").config_set("maxmemory", 1)
        filling.execute()
        wait_until(lambda: pusher.refused > 20, "refused pushes")
        site.receive_upto("the last that fits")
        site.wait_until_noticed(by=(0, 2))
        server.redis.config_set("maxmemory", 0)


def test_a_replica_takes_no_push_until_it_is_the_master_again(site: Site, server: Server) -> None:
    with site.load() as pusher:
        server.redis.replicaof("127.0.0.1", free_port())
        site.wait_until_noticed()
        wait_until(lambda: pusher.refused > 20, "refused pushes")
        server.redis.replicaof("NO", "ONE")


def test_a_killed_redis_has_everything_when_it_is_back(site: Site, server: Server) -> None:
    with site.load():
        server.kill()
        site.wait_until_noticed()
        server.start()


def test_a_master_named_by_sentinels_is_followed(tmp_path: Path) -> None:
    with sentinels(tmp_path / "redis") as pair, System(tmp_path, pair.url) as system:
        site = Site(system)
        with site.load():
            pair.master.kill_in_step_with(pair.replica)
            site.wait_until_noticed()
        with site.load(NOBODY):
            pair.master.start()
            pair.master.wait_until_in_step()
        with site.load():
            pair.replica.kill_in_step_with(pair.master)
            site.wait_until_noticed()


def test_a_master_of_a_cluster_is_followed(tmp_path: Path) -> None:
    with cluster(tmp_path / "redis") as pair, System(tmp_path, pair.url) as system:
        site = Site(system)
        with site.load():
            pair.replica.redis.execute_command("CLUSTER", "FAILOVER")
            site.wait_until_noticed()
        pair.master.wait_until_in_step()
        with site.load():
            pair.replica.kill_in_step_with(pair.master)
            site.wait_until_noticed()
