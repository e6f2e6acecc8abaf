"""The id of a push: what may be one, and where a request has it.

It knows nothing of what an id is for: that is `common/store/push_once.lua`'s business.
"""

import re
from typing import Any

from flask import Request

from common.refused import Refused

HEADER = "HTTP_IDEMPOTENCY_KEY"  # As WSGI names it.
PRINTABLE = re.compile(r"[ -~]{1,255}")


def checked(value: Any) -> str | None:
    """`value` as an id; None if it is none.

    Raises:
        Refused: it cannot be an id.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and PRINTABLE.fullmatch(value):
        return value
    raise Refused("bad_id", "an id has 1 to 255 printable ASCII characters")


def of_request(request: Request, parameter: Any) -> str | None:
    """The id that the header and the parameter agree on, or that one of them gives.

    Raises:
        Refused: one of them cannot be an id, or they differ.
    """
    header, given = _of_header(request), checked(parameter)
    if header and given and header != given:
        raise Refused("bad_id", "Idempotency-Key and the parameter id differ")
    return header or given


def _of_header(request: Request) -> str | None:
    value = request.environ.get(HEADER)
    if value is not None and not value.isascii():
        try:
            value.encode("latin-1").decode()  # As it came, and what it should be.
        except UnicodeDecodeError:
            reason = "Idempotency-Key is not UTF-8"
            raise Refused("content_not_text", reason) from None
    return checked(value)


def refuse_header(request: Request) -> None:
    """For a batch: one id for many messages would be taken for a promise about each.

    Raises:
        Refused: the request has the header.
    """
    if HEADER in request.environ:
        raise Refused(
            "bad_id", "in a batch each message has its own id: Idempotency-Key says nothing"
        )
