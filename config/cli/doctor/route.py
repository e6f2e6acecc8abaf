"""The way to a server: its name, its addresses, its certificate.

Nothing of ours is asked yet, and no token is sent where the certificate is not right.
"""

import socket
import ssl
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter, time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from config.cli.doctor.finding import Finding, note, ok, problem
from config.errors import MessageCenterError
from message_center_client.websocket import checked

CONNECT_TIMEOUT = 5.0  # Seconds.
SCHEMES = {"http": "ws", "https": "wss"}
DEFAULT_PORTS = {"ws": 80, "wss": 443}
OURS = {"format", "channels", "channel", "last", "last_id", "lastEventId"}  # We say it.
DAY = 86_400
FEW_DAYS = 14
MOST_TRIED = 4  # Addresses of one name.


@dataclass(frozen=True)
class Target:
    """Where a WebSocket server is said to be; its query may hold a token, and is not shown."""

    secure: bool
    netloc: str
    host: str
    port: int
    path: str
    query: str

    @classmethod
    def parse(cls, url: str) -> "Target":
        """`http://` means `ws://`.

        Raises:
            ValueError: no WebSocket can be at it.
        """
        parts = urlsplit(url)
        parts = urlsplit(
            checked(parts._replace(scheme=SCHEMES.get(parts.scheme, parts.scheme)).geturl())
        )
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        host = parts.hostname or ""
        query = parse_qsl(parts.query, keep_blank_values=True)
        kept = urlencode([pair for pair in query if pair[0] not in OURS])
        return cls(parts.scheme == "wss", parts.netloc, host, port, parts.path, kept)

    def connect(self) -> Any:
        """A connection, with TLS if it is wanted. Raises OSError; ssl.SSLError is one."""
        plain = socket.create_connection((self.host, self.port), CONNECT_TIMEOUT)
        if not self.secure:
            return plain
        try:
            context = ssl.create_default_context()
            return context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


class Broken(MessageCenterError):
    """There is no use in looking further; what it was is found already."""


def route_findings(target: Target) -> Iterator[Finding]:
    """DNS, TCP, TLS.

    Raises:
        Broken: the server is not reached.
    """
    addresses = yield from _names(target)
    yield from _reaches(target, addresses)
    if target.secure:
        yield from _certificate(target)


def _names(target: Target) -> Generator[Finding, None, list[str]]:
    try:
        told = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as failed:
        yield problem(
            "dns",
            f"{target.host} has no address: {failed.strerror}",
            "add an A or AAAA record, or correct the name",
        )
        raise Broken from failed
    addresses = list(dict.fromkeys(str(each[4][0]) for each in told))
    yield ok("dns", f"{target.host} is {', '.join(addresses)}")
    return addresses


def _reaches(target: Target, addresses: list[str]) -> Iterator[Finding]:
    reached = False
    for address in addresses[:MOST_TRIED]:
        began = perf_counter()
        try:
            socket.create_connection((address, target.port), CONNECT_TIMEOUT).close()
        except OSError as failed:
            yield problem(
                "tcp",
                f"{address} port {target.port}: {failed.strerror or failed}",
                "start the proxy or the server there, open the firewall, or take the address "
                "out of DNS",
            )
        else:
            reached = True
            milliseconds = (perf_counter() - began) * 1000
            yield ok("tcp", f"{address} port {target.port} in {milliseconds:.1f} ms")
    if not reached:
        raise Broken


def _certificate(target: Target) -> Iterator[Finding]:
    try:
        with closing(target.connect()) as sock:
            version, certificate = sock.version(), sock.getpeercert()
    except ssl.SSLCertVerificationError as failed:
        yield problem(
            "tls", f"the certificate is not right: {failed.verify_message}", _renew(failed)
        )
        raise Broken from failed
    except OSError as failed:
        told = getattr(failed, "reason", None) or failed.strerror or str(failed)
        yield problem("tls", f"no TLS: {told}", "let the proxy speak TLS at this port")
        raise Broken from failed
    yield _lasting(str(version), ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time())


def _renew(failed: ssl.SSLCertVerificationError) -> str:
    if "expired" in failed.verify_message:
        return "renew it, and let the proxy load it"
    if "match" in failed.verify_message:
        return "use one for this name"
    return "use one of a public authority, with its chain; browsers refuse this one, too"


def _lasting(version: str, seconds: float) -> Finding:
    days = int(seconds // DAY)
    told = f"{version}, the certificate is for this name and good for {days} days"
    if days >= FEW_DAYS:
        return ok("tls", told)
    return note("tls", told, "look why it was not renewed yet")
