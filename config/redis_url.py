"""REDIS_URL: the address of one Redis, or of nodes that say where the master is.

Only its text: nothing is connected here. No error shows it, as it may hold passwords.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

# Of what redis-py reads from the query; the rest would undo what `common.store.connect` sets.
SSL_OPTIONS = {"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}
SENTINEL_OPTIONS = {"sentinel_username", "sentinel_password"}

SENTINEL, CLUSTER = "redis+sentinel", "redis+cluster"
DEFAULT_PORTS = {SENTINEL: 26379, CLUSTER: 6379}
FORMS = {
    SENTINEL: "redis+sentinel://host:port,host:port/service or …/service/db",
    CLUSTER: "redis+cluster://host:port,host:port (a cluster has no other database than 0)",
}

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Login:
    """Who to be for a server; nobody in particular with None."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Nodes:
    """Who to ask for the master: sentinels, which know it as `service`, or nodes of a cluster."""

    addresses: tuple[Address, ...]
    login: Login  # For Redis itself;
    node_login: Login  # for the nodes that are asked.
    service: str = ""  # Empty: it is a cluster.
    db: int = 0

    @classmethod
    def parse(cls, url: str) -> "Nodes | None":
        """The nodes that `url` names; None if it is the address of one Redis.

        Raises:
            ValueError: it names nodes, but not in the right form.
        """
        scheme, _, rest = url.partition("://")
        if scheme not in FORMS:
            return None
        try:
            return _parse_cluster(rest) if scheme == CLUSTER else _parse_sentinels(rest)
        except ValueError:
            raise ValueError(f"must be {FORMS[scheme]}; the value is not shown") from None


def redis_url(text: str) -> str:
    """The check of REDIS_URL."""
    if not text:
        raise ValueError("must be an address, not empty; leave it out for the embedded Valkey")
    if Nodes.parse(text) or _is_one_redis(text):
        return text
    raise ValueError(
        "must be redis://host:port/db, rediss://host:port/db, unix:///path?db=N, "
        "redis+sentinel://… or redis+cluster://… "
        "(the value is not shown; of options only some of ssl_* are taken)"
    )


def without_password(url: str) -> str:
    """`url` for people to see."""
    shown = re.sub(r"://([^:/]*):[^/]*@", r"://\1:***@", url)
    return re.sub(r"(?<=sentinel_password=)[^&]*", "***", shown)


def _is_one_redis(text: str) -> bool:
    try:
        parts = urlsplit(text)
        options = parse_qs(parts.query, keep_blank_values=True)
        if parts.scheme == "unix":
            db = options.pop("db", ["0"])[0]  # As the driver: the first.
            return bool(parts.path) and not options and _is_db(db)
        return (
            parts.scheme in ("redis", "rediss")
            and bool(parts.hostname)
            and parts.port != 0
            and (parts.path in ("", "/") or _is_db(parts.path[1:]))
            and set(options) <= (SSL_OPTIONS if parts.scheme == "rediss" else set())
        )
    except ValueError:  # urlsplit's own, of a port that is none.
        return False


def _is_db(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None


def _parse_cluster(rest: str) -> Nodes:
    place, _, path = rest.partition("/")
    if path not in ("", "0"):
        raise ValueError
    login, addresses = _parse_place(place, DEFAULT_PORTS[CLUSTER])
    return Nodes(addresses, login, login)


def _parse_sentinels(rest: str) -> Nodes:
    rest, _, query = rest.partition("?")
    place, _, path = rest.partition("/")
    service, _, db = path.partition("/")
    options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    if not (service and re.fullmatch(r"\d*", db) and set(options) <= SENTINEL_OPTIONS):
        raise ValueError
    login, addresses = _parse_place(place, DEFAULT_PORTS[SENTINEL])
    node_login = Login(options.get("sentinel_username"), options.get("sentinel_password"))
    return Nodes(addresses, login, node_login, unquote(service), int(db or 0))


def _parse_place(place: str, default_port: int) -> tuple[Login, tuple[Address, ...]]:
    userinfo, _, hosts = place.rpartition("@")
    username, _, password = userinfo.partition(":")
    login = Login(unquote(username) or None, unquote(password) or None)
    return login, tuple(_parse_address(each, default_port) for each in hosts.split(","))


def _parse_address(text: str, default_port: int) -> Address:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.netloc != text or parts.port == 0:
        raise ValueError
    return parts.hostname, parts.port or default_port
