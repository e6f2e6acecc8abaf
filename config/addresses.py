"""Whether the addresses to listen at can be used; said by the setting's name at the start."""

import errno
import socket
from itertools import combinations

from config.errors import SettingsError
from config.leftovers import first_answer, outlast
from config.networks import parse_address
from config.settings import Settings

LOOPBACK = "127.0.0.1"  # Where the embedded Valkey listens.
QUESTION = b"GET /healthz HTTP/1.0\r\n\r\n"  # Answered by both processes.


def refuse_taken_address(process: str, host: str, port: int) -> None:
    """Stop a start of `process` (HTTP, WS) that cannot use its address.

    For what was killed a moment ago and is about to let go it waits a little.

    Raises:
        SettingsError: another process has the port, or the host is not this machine's.
    """
    name = f"{process}_PORT"
    outlast(
        f"{name} {port}",
        lambda: address_problem(host, port).errno != errno.EADDRINUSE,
        lambda: first_answer(reachable(host).strip("[]"), port, QUESTION) != b"",
    )
    problem = address_problem(host, port)
    if not problem.errno:
        return
    advice = {
        errno.EADDRINUSE: f"stop what uses it, or set {name}",
        errno.EACCES: f"ports below 1024 are not for everybody; set {name}",
    }
    if problem.errno not in advice:
        name = f"{process}_HOST"
    told = advice.get(problem.errno, f"set {name} to an address of this machine")
    raise SettingsError(name, f"cannot use {host}:{port}: {problem.strerror}; {told}")


def refuse_shared_ports(settings: Settings, *, embedded: bool) -> None:
    """Stop a start in which two would want the same port.

    Raises:
        SettingsError: two would; it names both.
    """
    wanted = [
        ("HTTP_PORT", settings.http_port, settings.http_host),
        ("WS_PORT", settings.ws_port, settings.ws_host),
    ]
    if embedded:
        wanted.append(("EMBEDDED_REDIS_PORT", settings.embedded_redis_port, LOOPBACK))
    for (first, port, host), (second, other_port, other_host) in combinations(wanted, 2):
        if port == other_port and _overlap(host, other_host):
            raise SettingsError(second, f"must differ from {first}, which is {port}, too")


def reachable(host: str) -> str:
    """An address that a client on this machine can use for a host to listen at."""
    address = parse_address(host)
    if address is not None and address.is_unspecified:
        return LOOPBACK if address.version == 4 else "[::1]"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def address_problem(host: str, port: int) -> OSError:
    """Why the address cannot be listened at; without an `errno` if it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            return problem
        except UnicodeError:  # Python encodes it as a name of a domain.
            return OSError(errno.EINVAL, "is no host name")
    return OSError()


def _overlap(host: str, other: str) -> bool:
    """Whether a socket at one may get in the way of one at the other; a name leads anywhere."""
    one, two = parse_address(host), parse_address(other)
    if one is None or two is None:
        return True
    return one == two or one.is_unspecified or two.is_unspecified
