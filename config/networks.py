"""Addresses of clients and networks: how they are written, and what counts as one client.

It opens no socket and believes no header; `common/client_address.py` reads the header.
"""

import re
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


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host; it may have a port."""
    address = parse_address(host)
    if address is not None:
        return address.is_loopback
    # Of other names nobody knows here where they will lead.
    return re.fullmatch(r"localhost(:\d+)?", host.lower()) is not None


def is_among(address: Address, networks: Sequence[Network]) -> bool:
    """Whether one of `networks` holds it."""
    return any(address in network for network in networks)


def counted_as(address: Address) -> str:
    """What limits count as one client: an IPv4 address, or a /64 of IPv6."""
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> HOST_BITS << HOST_BITS)}/{HOST_BITS}"
