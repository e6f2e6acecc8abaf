"""What a client asks for when it connects: a format, where to start, and which channels.

It stands in the query, or in a header if the protocol has one for it. Tokens are found here,
and checked by `ws_server.door.tokens`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from common.channels import is_subscription, names_in
from common.misspellings import Misspellings, plain
from common.pusher.apps import App
from common.refused import Refused
from ws_server.door import parameters
from ws_server.door.grant import ANYBODY, Grant
from ws_server.door.parameters import LAST_EVENT_ID, Parameters
from ws_server.door.policy import OPEN, Policy

NAMESPACE = "message-center"  # Of all our subprotocols.
JSON_PROTOCOL, TEXT_PROTOCOL = f"{NAMESPACE}.json", f"{NAMESPACE}.text"
PROTOCOLS = {JSON_PROTOCOL: "json", TEXT_PROTOCOL: "text"}
MISSPELLED = Misspellings({NAMESPACE: NAMESPACE})
TOKEN_PROTOCOL = f"{NAMESPACE}.token."  # The token follows. It is never the subprotocol agreed on.
FORMATS = ("text", "json")
MOST_LAST = 1000
MOST_KEPT, LONGEST_KEPT = 500, 200  # Of what was read: how many, and characters in each.
IS_CLIENT = re.compile(r"[A-Za-z0-9_.:@-]{1,100}").fullmatch
ENVIRON_KEY = "message_center.listen"  # Where a checked request carries its `Listen`.


@dataclass(frozen=True, slots=True)
class Listen:
    """`last_id`: go on after this message. `last`: begin with so many of the newest ones.

    `channels` are names and wildcards, and the channel of the user, all of them allowed by
    `grant`. Messages for everybody come in any case. `client`: under this name its place is kept
    for it. `app`: it speaks Pusher's protocol, as a client of this application; None, if there is
    no such application. `page`: its places in its channels are kept under this name. `confirms`: it
    says itself what it has handled. `session`: what a client of Socket.IO calls its place: it is
    told the same again if it misses nothing.
    """

    format: str = "text"
    events: bool = False  # Server-Sent Events, not a WebSocket.
    last_id: str | None = None
    last: int = 0
    protocol: str | None = None  # The WebSocket subprotocol that is agreed on.
    channels: frozenset[str] = frozenset()
    grant: Grant = ANYBODY
    address: str = ""  # Where it comes from, if connections are counted by that.
    client: str = ""
    app: App | None = None
    page: str = ""
    confirms: bool = False
    session: str = ""

    @property
    def format_name(self) -> str:
        """A name of `formats.all_formats`."""
        return f"{self.format}-events" if self.events else self.format

    @property
    def remembered_as(self) -> str:
        """The client and its user: nobody shares a place with another user."""
        user = self.grant.user
        return self.client if user is None else f"{self.client}/{user}"

    @classmethod
    def parse(
        cls, environ: Mapping[str, Any], policy: Policy = OPEN, *, events: bool = False
    ) -> "Listen":
        """From a WSGI environment.

        Raises:
            Refused: a parameter that cannot be, or a token that does not grant it.
        """
        query, needs_token = environ["QUERY_STRING"], policy.tokens is not None
        offered = "" if events else environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "")
        if not (query or offered or events or needs_token):
            return DEFAULT
        last_id = environ.get("HTTP_LAST_EVENT_ID", "") if events else ""
        said = Said(query, offered, last_id, environ.get("HTTP_AUTHORIZATION", ""))
        if needs_token or sum(map(len, said)) > LONGEST_KEPT:
            return _read(said, policy, events=events)
        return _read_once(said, policy, events=events)


DEFAULT = Listen()


class Said(NamedTuple):
    """The query, and headers: which subprotocols are offered, the last id, the credentials."""

    query: str
    protocols: str
    last_id: str
    credentials: str


def _read(said: Said, policy: Policy, *, events: bool) -> Listen:
    given = parameters.read(said.query)
    words = [word.strip() for word in said.protocols.split(",")]
    ours = _protocols(words)
    tokens = {*given.all("token"), *_tokens_in_headers(said.credentials, words)}
    grant = grant_of(policy, tokens)
    wanted = _format(given.last("format") or (PROTOCOLS[ours[0]] if ours else "text"))
    return Listen(
        format=wanted,
        events=events,
        last_id=said.last_id or given.last(LAST_EVENT_ID) or given.last("last_id") or None,
        last=_last(given.last("last") or "0"),
        protocol=next((word for word in ours if PROTOCOLS[word] == wanted), None),
        channels=_channels(given, grant, policy.max_channels),
        grant=grant,
        client=_client(given.last("client"), policy, events=events),
        confirms=given.last("confirm") == "1" and wanted == "json" and not events,
    )


# Where no token is needed, many say the same. They have one set of channels, too.
_read_once = lru_cache(MOST_KEPT)(_read)


def _protocols(words: list[str]) -> list[str]:
    """Our subprotocols among `words`. Others are ignored, except if one of ours was meant."""
    if words == [""]:  # Nearly all clients offer none.
        return []
    for word in words:
        if word not in PROTOCOLS and not word.startswith(TOKEN_PROTOCOL) and _is_meant(word):
            # The word itself may hold a token, so it is not shown.
            known = ", ".join([*PROTOCOLS, f"{TOKEN_PROTOCOL}TOKEN"])
            raise Refused("bad_parameter", f"unknown subprotocol; there are {known}")
    return [word for word in words if word in PROTOCOLS]


def _is_meant(word: str) -> bool:
    is_ours = plain(word).startswith(plain(NAMESPACE))
    return is_ours or MISSPELLED.meant(word.partition(".")[0]) is not None


def _channels(given: Parameters, grant: Grant, most: int) -> frozenset[str]:
    if "channels" not in given:
        return grant.default
    try:
        names = [name for some in given.all("channels") for name in names_in(some) if name]
    except ValueError:
        names = [None]
    if not all(isinstance(name, str) for name in names):
        reason = "channels begins like a JSON list of names, and is none"
        raise Refused("bad_channel", reason, status=400)
    return choose(names, grant, most)


def choose(names: Iterable[str], grant: Grant, most: int) -> frozenset[str]:
    """The channels of these names, and the channel of the grant's user.

    Raises:
        Refused: a name that cannot be, too many of them, or one that is not granted.
    """
    wanted = frozenset(names)
    if not all(map(is_subscription, wanted)):
        reason = (
            "a channel is 1 to 200 letters, digits and _.:@-=,; "
            "or that and .* for all that begin so"
        )
        raise Refused("bad_channel", reason, status=400)
    if len(wanted) > most:
        raise Refused("too_many_channels", f"more than {most} channels", status=400)
    refused = sorted(name for name in wanted if not grant.allows(name))
    if refused:
        raise Refused("channel_forbidden", f"not allowed to listen to {refused[0]}")
    return wanted | grant.own


def grant_of(policy: Policy, tokens: set[str]) -> Grant:
    """What a client may listen to that shows these tokens.

    Raises:
        Refused: it needs another one.
    """
    if policy.tokens is None:
        return policy.anybody
    if not tokens:
        raise Refused("unauthorized", "a token is needed to listen")
    if len(tokens) > 1:
        raise Refused("bad_token", "there are several tokens, and they differ")
    return policy.tokens.check(tokens.pop())


def _tokens_in_headers(authorization: str, protocols: list[str]) -> set[str]:
    """Only of the scheme Bearer: others are for a proxy that asks for a password of its own."""
    scheme, _, credentials = authorization.strip().partition(" ")
    offered = [word for word in protocols if word.startswith(TOKEN_PROTOCOL)]
    found = {word.removeprefix(TOKEN_PROTOCOL) for word in offered}
    if scheme.lower() == "bearer":
        found.add(credentials.strip())
    return found - {""}


def _format(name: str) -> str:
    if name not in FORMATS:
        raise Refused("bad_format", f"format must be {' or '.join(FORMATS)}")
    return name


def _client(name: str, policy: Policy, *, events: bool) -> str:
    if not name:
        return ""
    if not IS_CLIENT(name):
        raise Refused("bad_parameter", "client is 1 to 100 letters, digits and _.:@-")
    if not policy.remembers_clients:
        raise Refused("bad_parameter", "client: no clients are remembered here (CLIENT_SECONDS)")
    if events:
        reason = "client is for WebSockets: an EventSource says itself what it had last"
        raise Refused("bad_parameter", reason)
    return name


def _last(count: str) -> int:
    if not (count.isascii() and count.isdigit() and len(count) < 6 and int(count) <= MOST_LAST):
        raise Refused("bad_last", f"last must be a number from 0 to {MOST_LAST}")
    return int(count)
