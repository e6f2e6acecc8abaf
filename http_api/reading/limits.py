"""How much one request may hold, so that it can be refused before the work is done."""

from dataclasses import dataclass, field, replace

from common.channels import LONGEST
from http_api.access.scope import Scope

MOST_FIELDS = 1000  # Of a query, of a form, or of a JSON object.
MOST_VALUES = 100_000  # Of a JSON document, with all that is nested in it.
BATCH_MESSAGES = 10_000
BATCH_VALUES = 500_000  # Of a batch in JSON: fifty for each of the most messages.
BATCH_LINES = 100_000  # Of a batch in NDJSON, the empty ones too.


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a content, and names in one message: those that are settings; and which names."""

    content_bytes: int
    channels: int
    scope: Scope | None = None  # Of the token; None: to whomever it is.
    # How many bytes a parameter can have: the content, or all names as a JSON list.
    longest_value: int = field(init=False)

    def __post_init__(self) -> None:
        longest = max(self.content_bytes, self.channels * (LONGEST + len('"",')) + 2)
        object.__setattr__(self, "longest_value", longest)

    def within(self, scope: Scope | None) -> "Limits":
        """The same for who has such a token."""
        return self if scope is None else replace(self, scope=scope)
