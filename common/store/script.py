"""Lua scripts of this folder, and how one is run over a pool of connections.

Scripts of a `Line` are sent by the line itself.
"""

from collections.abc import Sequence
from hashlib import sha1
from importlib import resources
from time import monotonic
from typing import Any

import redis
from redis.exceptions import NoScriptError

from common.libraries.redis_connection import Command, timeout_of
from common.store.redis_errors import redis_errors

Keys = Sequence[str] | Sequence[bytes]


def source(name: str) -> str:
    """The text of a script."""
    return resources.files("common.store").joinpath(name).read_text("utf-8")


class Script:
    """A script that is run over the client's pool, so that no caller waits for another."""

    def __init__(self, client: redis.Redis, source: str) -> None:
        self._client = client
        self._source = source
        self._sha = sha1(source.encode(), usedforsecurity=False).hexdigest()
        self._retry_within = timeout_of(client)

    def run(self, keys: Keys, arguments: Command, *, repeatable: bool) -> Any:
        """Its answer. After a lost connection a `repeatable` run is tried once more.

        Only within the client's time limit: after that the caller has waited long enough.

        Raises:
            QueueUnavailable: Redis did not answer, or answered with an error.
        """
        began = monotonic()
        with redis_errors():
            try:
                return self._evaluate(keys, arguments)
            except redis.ConnectionError:
                if not repeatable or monotonic() - began >= self._retry_within:
                    raise
                return self._evaluate(keys, arguments)

    def _evaluate(self, keys: Keys, arguments: Command) -> Any:
        words = (*keys, *arguments)
        try:
            return self._client.evalsha(self._sha, len(keys), *words)
        except NoScriptError:  # The server does not know it yet: nothing was done.
            return self._client.eval(self._source, len(keys), *words)
