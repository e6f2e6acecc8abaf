"""How many sockets each client address has in this process, and may have."""

from collections import Counter
from collections.abc import Sequence

from config.networks import Network, counted_as, is_among, parse_address


class AddressLimit:
    """At most so many sockets an address; `trusted` proxies speak for many and have any number."""

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
