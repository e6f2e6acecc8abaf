"""The one refusal: why a request, a handshake or a command is not done, and how that is said.

How any answer is written as JSON is here, too. It knows neither Flask nor sockets. The names and
their statuses are in `common/error_names.py`.
"""

import json
from collections.abc import Mapping
from typing import Any

from common.error_names import USUAL_STATUS
from common.errors import MessageCenterError

JSON = "application/json; charset=utf-8"  # What every answer of ours says that it is.
CHALLENGE = {"WWW-Authenticate": "Bearer"}  # A 401 must have one (RFC 9110 15.5.2).


class Refused(MessageCenterError):
    """Nothing was done. `error` is for machines, `reason` for people.

    `headers` say what would help. `index` is the place in a batch, counted from 0. `status`
    is given only where it is not the usual one of the error.
    """

    def __init__(
        self,
        error: str,
        reason: str,
        headers: Mapping[str, str] | None = None,
        *,
        index: int | None = None,
        status: int | None = None,
    ) -> None:
        """Raises KeyError if there is no such error."""
        super().__init__(error, reason)
        self.error = error
        self.reason = reason
        self.index = index
        self.status = USUAL_STATUS[error] if status is None else status
        self.headers = {**(CHALLENGE if self.status == 401 else {}), **(headers or {})}

    def of_item(self, index: int) -> "Refused":
        """The same, of an item of a batch."""
        return Refused(self.error, self.reason, self.headers, index=index, status=self.status)

    def __str__(self) -> str:
        place = "" if self.index is None else f" (item {self.index})"
        return f"{self.reason}{place}"

    def body(self) -> bytes:
        """The body of the answer that says so."""
        told: dict[str, Any] = {"code": -1, "error": self.error}
        if self.index is not None:
            told["index"] = self.index
        told["msg"] = self.reason
        return json_body(told)


def json_body(told: Mapping[str, Any]) -> bytes:
    """An answer as JSON, in UTF-8. Chinese is left as it is: people read it."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode() + b"\n"
