"""Who sent a request: the address that limits count it for.

`X-Forwarded-For` is written by anybody, so it is believed only as far as trusted proxies
wrote it. What counts as one client, `config/networks.py` says.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from config.networks import Network, counted_as, is_among, parse_address


def client_of(environ: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    """The client of a WSGI request, as `client_address` finds it."""
    return client_address(
        environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""), trusted
    )


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The client behind `peer`, as limits count it: an IPv4 address, or a /64 of IPv6.

    Each proxy appends whom it heard: so from the right, past trusted ones, to the first
    that is not. What is no address ends the walk at the one before it.
    """
    address = parse_address(peer)
    if address is None:  # No Internet socket.
        return peer
    hops = forwarded.split(",") if forwarded else []
    while hops and is_among(address, trusted):
        before = parse_address(hops.pop())
        if before is None:
            break
        address = before
    return counted_as(address)
