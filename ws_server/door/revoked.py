"""Which tokens count no more, as far as this process knows. No I/O here.

Whoever reads Redis says what is so. Until then no token is taken: it might be a revoked one.
"""

from collections.abc import Callable, Iterable
from time import time

from common.refused import Refused
from common.revocation import JTI, Revocation
from ws_server.door.grant import Grant

LATER = {"Retry-After": "5"}


class Revoked:
    """Asked about each token that is right otherwise, if it `asks` for that."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self.is_known = True  # Unless somebody is to read Redis first.
        self.asks = False  # Kept, as each handshake looks at it: nearly always there is no need.
        self._clock = clock
        self._tokens: dict[str | None, int] = {}  # By jti: until when it counts.
        self._users: dict[str | None, tuple[int, int]] = {}  # Before when, and until when.

    def __bool__(self) -> bool:
        """Whether anything is revoked."""
        return bool(self._tokens or self._users)

    def know(self, all_: Iterable[Revocation]) -> None:
        """These, and no others."""
        self._tokens, self._users = {}, {}
        for each in all_:
            if each.kind == JTI:
                self._tokens[each.name] = each.until
            else:
                self._users[each.name] = (each.before, each.until)
        self.is_known = True
        self.asks = bool(self)

    def know_nothing(self) -> None:
        """Somebody is to read Redis first."""
        self.is_known, self.asks = False, True

    def covers(self, grant: Grant) -> bool:
        """Whether the token behind a grant is revoked."""
        if not self:
            return False
        now = self._clock()
        if grant.jti is not None and self._tokens.get(grant.jti, 0) > now:
            return True
        if grant.user is None:
            return False
        before, until = self._users.get(grant.user, (0, 0))
        return until > now and grant.issued <= before

    def refuse(self, grant: Grant) -> None:
        """Refuse a token that is right otherwise.

        Raises:
            Refused: it is revoked, or nobody knows yet.
        """
        if not self.is_known:
            raise Refused("unavailable", "the server waits for Redis", LATER)
        if self.covers(grant):
            raise Refused("token_revoked", "the token was revoked")
