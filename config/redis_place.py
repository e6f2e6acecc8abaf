"""Where Redis is, as REDIS_URL says it, for people and programs to read; never with a password."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from config.redis_url import Nodes, without_password

DEFAULT_PORT = 6379


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisPlace:
    """`host` and `port` are the first of several nodes; of a socket there are none.

    `kind` is `server`, `sentinel` or `cluster`, `password` whether there is one.
    """

    url: str
    kind: str = "server"
    host: str | None = None
    port: int | None = None
    db: int = 0
    socket: str | None = None
    username: str | None = None
    password: bool = False
    tls: bool = False

    @classmethod
    def of(cls, url: str) -> "RedisPlace":
        """What an address says that `redis_url` has taken."""
        nodes = Nodes.parse(url)
        if nodes is None:
            return _server(url)
        host, port = nodes.addresses[0]
        return cls(
            url=without_password(url),
            kind="sentinel" if nodes.service else "cluster",
            host=host,
            port=port,
            db=nodes.db,
            username=nodes.login.username,
            password=nodes.login.password is not None,
        )


def _server(url: str) -> RedisPlace:
    parts = urlsplit(url)
    is_socket = parts.scheme == "unix"
    path_db = parts.path[1:] or "0"
    return RedisPlace(
        url=without_password(url),
        host=None if is_socket else parts.hostname,
        port=None if is_socket else parts.port or DEFAULT_PORT,
        db=int(parse_qs(parts.query).get("db", ["0"])[0] if is_socket else path_db),
        socket=unquote(parts.path) if is_socket else None,
        username=unquote(parts.username or "") or None,
        password=bool(parts.password),
        tls=parts.scheme == "rediss",
    )
