"""Who may use the HTTP API, and how much: tokens, what each may
do, and limits for each token and address.

It decides by text from a request, and knows neither routes nor a framework. It keeps digests of
the tokens, not the tokens. No I/O here.
"""

import secrets
from collections.abc import Callable, Mapping
from hashlib import blake2b
from time import monotonic

from common.client_address import remembered
from common.refused import Refused
from config.settings import Settings
from http_api.access.meter import MESSAGES, REQUESTS, Meter
from http_api.access.scope import PUSH, Scope

SCHEME = "bearer"  # In any case (RFC 9110 11.1).
ADDRESS, TOKEN = "address", "token"  # Kinds of callers.
NO_TOKEN = "a token is needed: Authorization: Bearer TOKEN"  # noqa: S105
WRONG_TOKEN = "the token is none of those that may ask here"  # noqa: S105

Callers = Mapping[str, str]  # The name of each kind of caller that there is.
NOBODY: Callers = {}  # Who asks while nobody is checked.


class Guard:
    """Asked before a request is done, and before a push for the number of its messages."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        # Only this process can make these digests, so how long it takes to look one up tells nobody
        # anything about the tokens.
        self._secret = secrets.token_bytes(32)
        self._names: dict[bytes, str] = {}
        self._scopes: dict[str, Scope] = {}
        for name, token, *scope in settings.push_tokens:
            self._names[self._digest(token)] = name
            if scope:
                self._scopes[name] = Scope.parse(name, *scope)
        self._client_address = remembered(settings.trusted_proxies)
        requests = {
            ADDRESS: settings.address_requests_per_second,
            TOKEN: settings.token_requests_per_second,
        }
        messages = {
            ADDRESS: settings.address_messages_per_second,
            TOKEN: settings.token_messages_per_second,
        }
        self._requests = Meter(REQUESTS, requests, clock)
        self._messages = Meter(MESSAGES, messages, clock)
        self._limits_requests = bool(self._requests)
        self._limits_messages = bool(self._messages)
        self._needs_address = self._requests.counts(ADDRESS) or self._messages.counts(ADDRESS)

    def __bool__(self) -> bool:
        """Whether there is anything to check."""
        return bool(self._names or self._requests or self._messages)

    @property
    def limits(self) -> bool:
        """Whether requests or messages are counted."""
        return self._limits_requests or self._limits_messages

    def check(
        self, authorization: str, peer: str, forwarded: str, name: str | None = None
    ) -> Callers:
        """Who asks, by the header with the token, the address of the socket and X-Forwarded-For.

        `name` is that of the token, if this header has been checked before.

        Who has no right token counts for the address, so that guessing tokens is limited, too.

        Raises:
            Refused: no token or a wrong one, or too many requests.
        """
        callers: dict[str, str] = {}
        if self._needs_address:
            callers[ADDRESS] = self._client_address(peer, forwarded)
        if self._names and (name := name or self._name_of(authorization)):
            callers[TOKEN] = name
        if self._limits_requests:
            self._requests.count(callers, 1)
        if self._names and not name:
            is_bearer = authorization.partition(" ")[0].lower() == SCHEME
            raise Refused("unauthorized", WRONG_TOKEN if is_bearer else NO_TOKEN)
        return callers

    def count_request(self, name: str | None, peer: str, forwarded: str) -> Callers:
        """Who asks, where a signature takes the place of a token; `name`: None if it is wrong.

        Raises:
            Refused: these are too many requests.
        """
        callers: dict[str, str] = {}
        if self._needs_address:
            callers[ADDRESS] = self._client_address(peer, forwarded)
        if name is not None:
            callers[TOKEN] = name
        if self._limits_requests:
            self._requests.count(callers, 1)
        return callers

    def count_messages(self, callers: Callers, count: int) -> None:
        """Asked before each push. A repeated one counts, too: it asks Redis.

        Raises:
            Refused: these would be too many messages of one of the callers.
        """
        if self._limits_messages:
            self._messages.count(callers, count)

    def scope_of(self, callers: Callers) -> Scope | None:
        """What the token may do; None: everything."""
        return self._scopes.get(callers.get(TOKEN, ""))

    def lets_push(self, authorization: str) -> bool:
        """Whether a token may push, or none is needed; nothing is counted."""
        if not self._names:
            return True
        name = self._name_of(authorization)
        scope = None if name is None else self._scopes.get(name)
        return name is not None and (scope is None or scope.may(PUSH))

    def _name_of(self, authorization: str) -> str | None:
        """The name of the token that a header carries; None if it is no right one."""
        scheme, _, token = authorization.partition(" ")
        return self._names.get(self._digest(token.strip())) if scheme.lower() == SCHEME else None

    def _digest(self, token: str) -> bytes:
        # A header may hold anything. Tokens are ASCII, so a token with `?` instead is a wrong one.
        return blake2b(token.encode("ascii", "replace"), key=self._secret).digest()
