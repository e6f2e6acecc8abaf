"""Who sent a request: the address that limits count it for.

Anybody can write an `X-Forwarded-For`, so only what trusted proxies have written is believed.
`config/networks.py` says what counts as one client.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from config.networks import Network, counted_as, is_among, parse_address

KEPT = 500  # Each has 8 KiB of a header at most, as gunicorn reads no longer one.


def client_of(environ: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    """The client of a WSGI request, as `client_address` finds it."""
    return client_address(
        environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""), trusted
    )


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The client behind `peer`, as limits count it: an IPv4 address, or a /64 of IPv6.

    Each proxy appends the address it was asked from. So the list is read from the right, past the
    trusted proxies: the first other address is the client's. The reading ends early at a word
    that is not an address.
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


def remembered(trusted: Sequence[Network]) -> Callable[[str, str], str]:
    """`client_address` for those proxies; for who asked a short time ago, it is not found again."""

    @lru_cache(KEPT)
    def find(peer: str, forwarded: str) -> str:
        return client_address(peer, forwarded, trusted)

    return find
