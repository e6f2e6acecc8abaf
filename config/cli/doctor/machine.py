"""This machine: open files, the queue of connections, and who has the ports.

It changes no limit and takes no port.
"""

import errno
import resource
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from common.serving.open_files import OTHERS, SLOTS
from common.serving.server import BACKLOG
from config.addresses import address_problem, reachable
from config.cli.doctor.finding import Finding, note, ok, problem
from config.printable import printable
from config.settings import Settings
from message_center_client import Client, Refused

SOMAXCONN = Path("/proc/sys/net/core/somaxconn")
ANSWER_TIMEOUT = 5.0  # Seconds.


def machine_findings(settings: Settings) -> Iterator[Finding]:
    """All of it."""
    yield files(settings.max_connections, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    yield from backlog(_number(SOMAXCONN))
    yield port("HTTP", settings.http_host, settings.http_port)
    yield port("WS", settings.ws_host, settings.ws_port)


def redis_in_use(settings: Settings, token: str | None) -> str | None:
    """The Redis of the HTTP API that runs here, as it says itself; None if it needs a password."""
    url = f"http://{reachable(settings.http_host)}:{settings.http_port}"
    with Client(url, token=token, timeout=ANSWER_TIMEOUT) as client:
        try:
            told = client.get("/about").get("redis")
        except (Refused, OSError, HTTPException):
            return None
    if not isinstance(told, dict) or told.get("kind") != "server" or told.get("password"):
        return None
    return str(told["url"]) if told.get("url") else None


def files(max_connections: int, hard: int) -> Finding:
    """Whether so many connections can be held; the servers raise the soft limit themselves."""
    wanted = max_connections + SLOTS + OTHERS
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        told = "without limit" if hard == resource.RLIM_INFINITY else str(hard)
        return ok("open files", f"{told}; MAX_CONNECTIONS={max_connections} needs {wanted}")
    return problem(
        "open files",
        f"{hard} at most, and MAX_CONNECTIONS={max_connections} needs {wanted}: fewer are taken",
        f"raise the limit (LimitNOFILE={wanted} in systemd, --ulimit nofile={wanted} in docker), "
        "or set MAX_CONNECTIONS lower",
    )


def backlog(somaxconn: int | None) -> Iterator[Finding]:
    """How many connections may wait to be accepted; nothing where the system does not say."""
    if somaxconn is None:
        return
    if somaxconn >= BACKLOG:
        yield ok("somaxconn", f"{somaxconn}")
    else:
        yield note(
            "somaxconn",
            f"{somaxconn}: when many clients come back at once, some must knock again",
            f"sysctl -w net.core.somaxconn={BACKLOG}",
        )


def port(process: str, host: str, number: int) -> Finding:
    """Whether it is free, or ours, or a stranger's."""
    name = f"{process}_PORT"
    refused = address_problem(host, number)
    if not refused.errno:
        return ok(name, f"{host}:{number} is free: {_command(process)} is not running here")
    if refused.errno != errno.EADDRINUSE:
        advice = f"set {process}_HOST to an address of this machine"
        if refused.errno == errno.EACCES:
            advice = f"ports below 1024 are not for everybody; set {name}"
        return problem(name, f"cannot use {host}:{number}: {refused.strerror}", advice)
    return _who_has(process, host, number)


def _who_has(process: str, host: str, number: int) -> Finding:
    name, place = f"{process}_PORT", f"{host}:{number}"
    stop = f"stop what uses it, or set {name}"
    look = f"its log says why: look at Redis, then at {_command(process)}"
    with Client(f"http://{reachable(host)}:{number}", timeout=ANSWER_TIMEOUT) as client:
        try:
            answer = client.get("/readyz")
        except Refused as refused:
            if refused.error:
                return problem(name, f"{place} is ours, and not ready: {refused}", look)
            return problem(name, f"{place} is taken by another program ({refused.status})", stop)
        except (OSError, HTTPException) as problem_:
            told = f"does not answer /readyz: {printable(str(problem_) or type(problem_).__name__)}"
            if _is_alive(client):  # It waits for Redis for as long as this waits for it.
                return problem(name, f"{place} is ours, and {told}", look)
            return problem(name, f"{place} is taken, and {told}", stop)
    if answer.get("status") == "ready":
        return ok(name, f"{place} is ours, and ready")
    return problem(name, f"{place} is taken by another program", stop)


def _is_alive(client: Client) -> bool:
    try:
        return client.get("/healthz").get("status") == "ok"
    except (Refused, OSError, HTTPException):
        return False


def _command(process: str) -> str:
    return f"message-center {process.lower()}"


def _number(path: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int(path.read_text("ascii"))
    return None
