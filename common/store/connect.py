"""Where Redis is: a client for REDIS_URL, and the search for a master that may move.

It connects only when it is needed, and knows no key and no command of the project.
"""

import random
import socket
from typing import Any, TypeAlias

import redis
from redis.backoff import NoBackoff
from redis.exceptions import AskError, ClusterDownError, ReadOnlyError
from redis.retry import Retry

from common.libraries.redis_connection import FollowingConnection, slot_of
from common.store.redis_errors import told
from common.store.redis_meter import MeteredClient
from config.redis_url import Address, Nodes

Client: TypeAlias = redis.Redis

# At these a connection is closed, so that the next command may reach another server. After a
# failover, the last three (and MOVED, an AskError) come from a server that is not the master.
PARTING = (
    redis.ConnectionError,
    redis.TimeoutError,
    socket.timeout,
    ReadOnlyError,
    AskError,
    ClusterDownError,
)


def connect(url: str, timeout: float, connections: int, key: str = "") -> MeteredClient:
    """A client with at most `connections` connections, each command tried once.

    Connects lazily. `timeout` (seconds) bounds connecting, each answer, and the
    wait for a free connection. A cluster is asked for the master that has `key`.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0, PARTING),
        "protocol": 2,
    }
    bounds: dict[str, Any] = {"max_connections": connections, "timeout": timeout}
    nodes = Nodes.parse(url)
    if nodes is None:
        if url.startswith("unix:"):
            del options["socket_keepalive"]  # Such a connection has none.
        pool = redis.BlockingConnectionPool.from_url(url, **bounds, **options)
    else:
        pool = redis.BlockingConnectionPool(
            connection_class=FollowingConnection,
            master=Master(nodes, key, options),
            username=nodes.login.username,
            password=nodes.login.password,
            db=nodes.db,
            **bounds,
            **options,
        )
    return MeteredClient(connection_pool=pool)


class Master:
    """Where the master is: the nodes are asked anew for each connection to it.

    `address` is what they said last: a connection to any other server is out of date.
    """

    def __init__(self, nodes: Nodes, key: str, options: dict[str, Any]) -> None:
        self.address: Address | None = None
        self._nodes = nodes
        self._slot = slot_of(key)
        # So all of them together, if none answers, take no longer than one.
        patience = options["socket_timeout"] / len(nodes.addresses)
        self._options = {
            **options,
            "socket_timeout": patience,
            "socket_connect_timeout": patience,
            "username": nodes.node_login.username,
            "password": nodes.node_login.password,
        }

    def find(self) -> Address:
        """Ask one node after the other, in any order: a node that is cut off knows nothing new.

        Raises:
            redis.ConnectionError: none of them knows.
        """
        ask = self._ask_sentinel if self._nodes.service else self._ask_cluster
        problems = []
        for host, port in random.sample(self._nodes.addresses, len(self._nodes.addresses)):
            try:
                with redis.Redis(host, port, **self._options) as node:
                    self.address = ask(node, host)
                    return self.address
            except (redis.RedisError, OSError) as problem:
                problems.append(f"{host}:{port} says: {told(problem)}")
        raise redis.ConnectionError(f"where is the master? {'; '.join(problems)}")

    def _ask_sentinel(self, node: Any, _host: str) -> Address:
        state = node.sentinel_master(self._nodes.service)
        if not state["is_master"] or state["is_sdown"] or state["is_odown"]:
            raise redis.ConnectionError(f"the sentinels see that {self._nodes.service} is down")
        return state["ip"], state["port"]

    def _ask_cluster(self, node: Any, host: str) -> Address:
        for first, last, master, *_replicas in node.execute_command("CLUSTER SLOTS"):
            if first <= self._slot <= last:
                return (master[0] or b"").decode() or host, master[1]  # No host: the same.
        raise redis.ConnectionError(f"no node of the cluster has slot {self._slot}")
