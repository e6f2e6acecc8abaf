"""What a client may listen to, and for how long. No I/O here, and no tokens."""

from dataclasses import dataclass

from common import channels
from common.pusher.names import is_guarded


@dataclass(frozen=True, slots=True)
class Grant:
    """Who listens, and to what.

    `channels` are names and wildcards; None stands for all except those of users. `expires`
    is in seconds since 1970, and so is `issued`: when its token was signed,
    0 if it does not say. `jti` is the name of the token. `spares_guarded`: of all, those are not
    meant that Pusher's clients enter with a signature only.
    """

    user: str | None = None
    channels: frozenset[str] | None = None
    expires: float | None = None
    jti: str | None = None
    issued: int = 0
    spares_guarded: bool = False

    @property
    def own(self) -> frozenset[str]:
        """What its holder always listens to: the channel of the user, if it names one."""
        return frozenset() if self.user is None else frozenset([channels.of_user(self.user)])

    @property
    def default(self) -> frozenset[str]:
        """What its holder listens to without asking for anything."""
        return (self.channels or frozenset()) | self.own

    def allows(self, wanted: str) -> bool:
        """Whether its holder may subscribe to a channel or wildcard."""
        if wanted in self.own:
            return True
        if self.channels is None:
            is_spared = self.spares_guarded and is_guarded(wanted)
            return not (is_spared or wanted.startswith(channels.USER))
        return any(channels.covers(granted, wanted) for granted in self.channels)


ANYBODY = Grant()
ANYBODY_BESIDES_PUSHER = Grant(spares_guarded=True)
