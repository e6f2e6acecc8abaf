"""Addresses of clients: what counts as one client, and how many sockets each has here.

It opens no socket and believes no header: that is `common.client_address`'s business.
"""

from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

HOST_BITS = 64  # One customer is given a /64 at least (RFC 6177), and uses any address in it.


def parse_address(text: str) -> Address | None:
    """An address as systems and proxies write it, with or without brackets, port and zone."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # How an IPv4 client appears at a socket that listens at `::`.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_among(address: Address, networks: Sequence[Network]) -> bool:
    """Whether one of `networks` holds it."""
    return any(address in network for network in networks)


def counted_as(address: Address) -> str:
    """What limits count as one client: an IPv4 address, or a /64 of IPv6."""
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> HOST_BITS << HOST_BITS)}/{HOST_BITS}"


class Peers:
    """How many sockets each peer has; `trusted` proxies, who speak for many, have any number."""

    def __init__(self, most: int, trusted: Sequence[Network]) -> None:
        self._most = most
        self._trusted = trusted
        self._sockets: Counter[str] = Counter()

    def enter(self, peer: str) -> str | None:
        """A socket more: what to `leave` with; None if it is one too many."""
        address = parse_address(peer) if self._most else None
        if address is None or is_among(address, self._trusted):
            return ""
        name = counted_as(address)
        if self._sockets[name] >= self._most:
            return None
        self._sockets[name] += 1
        return name

    def leave(self, name: str) -> None:
        """That socket is gone."""
        if not name:
            return
        self._sockets[name] -= 1
        if not self._sockets[name]:
            del self._sockets[name]  # Or every address that ever came would stay.

    def __len__(self) -> int:
        return len(self._sockets)
