"""What of a request decides how its body is read: the method, the query and a few headers.

Text is as WSGI has it, a character for each byte. It knows no server and no framework.
"""

from functools import lru_cache
from typing import NamedTuple

from werkzeug.http import parse_options_header

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
TEXT = "text/plain"
NDJSON_TYPES = ("application/x-ndjson", "application/jsonl", "application/ndjson")


class ContentType(NamedTuple):
    """What a body is said to be; `mimetype` in small letters, empty if nothing is said."""

    mimetype: str
    charset: str
    boundary: str

    @property
    def is_json(self) -> bool:
        """JSON itself, or a type that is made of it."""
        mimetype = self.mimetype
        if mimetype == "application/json":
            return True
        return mimetype.startswith("application/") and mimetype.endswith("+json")


class Head(NamedTuple):
    """Of a request to push. `idempotency_key` is None if there is no such header."""

    method: str
    query: bytes
    content_type: str = ""
    content_encoding: str = ""
    idempotency_key: str | None = None


@lru_cache(maxsize=64)  # Most senders send the same one all the time.
def content_type_of(header: str) -> ContentType:
    """What a Content-Type says."""
    mimetype, options = parse_options_header(header)
    return ContentType(mimetype.lower(), options.get("charset", ""), options.get("boundary", ""))
