"""The errors of the project, in one tree.

    MessageCenterError
    ├── PushRefused           the caller's fault: a 4xx that names what is wrong
    ├── NotAdmitted           who may not, or not so much, or not now: 401, 429 or 503
    └── QueueUnavailable      Redis could not be reached or did not take it: 503

`config.settings.SettingsError` stands apart: nothing of ours lies under `config`.
"""


class MessageCenterError(Exception):
    """The root: catch this to catch whatever the project raises."""


class PushRefused(MessageCenterError):
    """A push that was not taken; nothing of it was queued.

    `error` is for machines, `reason` for people, `status` the HTTP status, and
    `index` the place in a batch, counted from 0.
    """

    def __init__(self, status: int, error: str, reason: str, index: int | None = None) -> None:
        super().__init__(status, error, reason, index)
        self.status = status
        self.error = error
        self.reason = reason
        self.index = index

    def of_item(self, index: int) -> "PushRefused":
        """The same, of an item of a batch."""
        return PushRefused(self.status, self.error, self.reason, index)

    def __str__(self) -> str:
        place = "" if self.index is None else f" (item {self.index})"
        return f"{self.reason}{place}"


class NotAdmitted(MessageCenterError):
    """A request that was turned away at the door; nothing came of it.

    `error`, `reason` and `status` as in `PushRefused`; `headers` say what would help.
    """

    def __init__(self, status: int, error: str, reason: str, headers: dict[str, str]) -> None:
        super().__init__(status, error, reason)
        self.status = status
        self.error = error
        self.reason = reason
        self.headers = headers

    def __str__(self) -> str:
        return self.reason


class QueueUnavailable(MessageCenterError):
    """Redis did not confirm; whether it took the command is unknown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Redis is unavailable: {self.reason}"
