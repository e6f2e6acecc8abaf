"""What can be done with a channel, which Pusher tells by how its name begins. No I/O here."""

from dataclasses import dataclass

from common.pusher.names import SERVER_TO_USER, is_presence, needs_auth

CLIENT_EVENT = "client-"
ENCRYPTED = "private-encrypted-"
CACHED = ("cache-", "private-cache-", "private-encrypted-cache-", "presence-cache-")


@dataclass(frozen=True, slots=True)
class Kind:
    """Of a channel."""

    is_guarded: bool  # Who subscribes needs a signature.
    has_members: bool
    is_cached: bool  # Who subscribes gets its last event first.
    takes_client_events: bool
    user: str | None  # It is the own channel of this user.


def kind_of(name: str) -> Kind:
    """Of the channel that has this name at its application."""
    is_user = name.startswith(SERVER_TO_USER)
    is_guarded = needs_auth(name)
    return Kind(
        is_guarded,
        has_members=is_presence(name),
        is_cached=name.startswith(CACHED),
        # Those of an encrypted channel would have to be encrypted: pusher-js sends none.
        takes_client_events=is_guarded and not name.startswith(ENCRYPTED),
        user=name.removeprefix(SERVER_TO_USER) if is_user else None,
    )
