"""How a backend pushes: each push under an id, so that it can be tried again.

An answer that is lost does not say whether a message was queued. Under an id the server queues
it once, however often it comes; so every push here has one.
"""

import json
from collections.abc import Iterable, Mapping
from http.client import HTTPException
from time import monotonic, sleep
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

from message_center_client.backoff import Backoff
from message_center_client.connections import Answer, Connections
from message_center_client.errors import NotConfirmed, Refused, fields_of

Names = Iterable[str | int] | str | int
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # Seconds between two tries.
PASSING = (408, 429, 502, 503, 504)


class Client:
    """Pushes to one HTTP API. Threads may share it: each request has a connection of its own.

    A push is tried again for `patience` seconds, and each step of a try may take `timeout`.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:2346",
        *,
        token: str | None = None,
        patience: float = 30.0,
        timeout: float = 10.0,
    ) -> None:
        self._connections = Connections(url)
        self._patience = patience
        self._timeout = timeout
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {checked_token(token)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open; the next push opens another one."""
        self._connections.close()

    def push(  # noqa: PLR0913  # Each is a word about the message.
        self,
        content: Any,
        *,
        channels: Names | None = None,
        users: Names | None = None,
        event: str | None = None,
        except_: str | None = None,
        id: str | None = None,  # noqa: A002
        receipt: bool = False,
    ) -> str:
        """Push one message, to everybody if neither channels nor users are given; its id.

        A dict or a list as `content` is JSON: it arrives as a value where listeners get JSON. There
        they get `event`, too, a name for what it tells of. `except_` is the id of the one
        connection that is not to get it. With `receipt` it is counted who has got it:
        `receipt(id)` tells.

        Raises:
            Refused: it is not queued.
            NotConfirmed: it may be queued or not.
        """
        to = {"channels": channels, "users": users, "except": except_}
        fields = {"content": content, **to, "event": event, "id": id}
        given = {name: value for name, value in fields.items() if value is not None}
        message = _message({**given, "receipt": True} if receipt else given)
        self._push("/push", message, [message["id"]])
        return str(message["id"])

    def push_batch(self, messages: Iterable[str | Mapping[str, Any]]) -> list[str]:
        """Push many messages, all or none, in their order; their ids.

        Each is text, or has `content` and, if you like, `channels`, `users`, `event`, `except` and
        `id`.

        Raises:
            Refused: none is queued; `index` says because of which.
            NotConfirmed: all may be queued, or none.
        """
        batch = [_message(each) for each in messages]
        ids = [each["id"] for each in batch]
        if batch:
            self._push("/push/batch", batch, ids)
        return ids

    def receipt(self, id: str) -> dict[str, Any]:  # noqa: A002
        """What has become of a push with `receipt`: its `state`, and to how many it was `written`.

        Raises as `get`.
        """
        return self.get(f"/messages/{quote(id, safe='')}")

    def get(self, path: str) -> dict[str, Any]:
        """What the HTTP API answers to a GET of `path`, which is tried once.

        Raises:
            Refused: it has answered with something else than 200 and a JSON object.
            OSError, http.client.HTTPException: it has not answered.
        """
        answer = self._connections.ask("GET", path, self._headers, None, self._timeout)
        fields = fields_of(answer.body)
        if answer.status != 200 or not fields:
            raise Refused.read(*answer)
        return fields

    def _push(self, path: str, value: Any, ids: list[str]) -> None:
        body = _json(value)
        end = monotonic() + self._patience
        backoff = Backoff(FIRST_WAIT, LONGEST_WAIT)
        is_unsure = False
        while True:
            problem = self._try(path, body, min(self._timeout, max(end - monotonic(), 0.1)))
            if problem is None:
                return
            at_least = problem.retry_after if isinstance(problem, Refused) else 0.0
            is_unsure = is_unsure or not at_least
            pause = backoff.pause(at_least)
            if monotonic() + pause > end:
                raise NotConfirmed(ids, problem) if is_unsure else problem
            sleep(pause)

    def _try(self, path: str, body: bytes, timeout: float) -> Exception | None:
        """None: it is pushed. Otherwise why not, if that can pass."""
        try:
            answer = self._connections.ask("POST", path, self._headers, body, timeout)
        except (OSError, HTTPException) as problem:
            return problem
        if _is_success(answer):
            return None
        refused = Refused.read(*answer)
        if refused.status not in PASSING and refused.error != "body_cut_short":
            raise refused
        return refused


def checked_token(token: str) -> str:
    """`token`, if it can stand in a header.

    Raises:
        ValueError: it cannot.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("a token has printable ASCII characters only, and no space")
    return token


def _is_success(answer: Answer) -> bool:
    return answer.status == 200 and fields_of(answer.body).get("code") == 0


def _message(given: str | Mapping[str, Any]) -> dict[str, Any]:
    """As the server takes it. Names that are empty go along, to be refused: not to everybody."""
    message: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {"content": given}
    for name in ("channels", "users"):
        names = message.get(name)
        if names is not None and not isinstance(names, str | int):
            message[name] = list(names)
    if message.get("id") is None:
        message["id"] = uuid4().hex
    return message


def _json(value: Any) -> bytes:
    """As UTF-8; what UTF-8 does not have is escaped, and the server says in which message it is."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:  # Half of a surrogate pair.
        return json.dumps(value, separators=(",", ":")).encode()
