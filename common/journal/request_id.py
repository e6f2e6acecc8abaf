"""The id of a request: the caller's own, if it is a sane one, or one that is made.

Answers carry it, and the lines that tell of the request. No I/O here.
"""

import re
import secrets

HEADER = "X-Request-Id"
IN_ENVIRON = "HTTP_X_REQUEST_ID"
IS_SANE = re.compile(r"[A-Za-z0-9._:@+/=-]{1,128}", re.ASCII).fullmatch


def given(header: str | None) -> str | None:
    """What a header says, if it may be logged and sent back."""
    return header if header and IS_SANE(header) else None


def made() -> str:
    """A new one."""
    return secrets.token_hex(8)
