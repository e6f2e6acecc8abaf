"""The errors of the project, in one tree. An error of ours that is not in it fails a test.

MessageCenterError          config/errors.py
├── SettingsError           a setting stops the start (config/errors.py)
├── QueueUnavailable        Redis could not be reached, or did not confirm
├── PushRefused             a push is wrong: 4xx
├── NotAdmitted             a request is not allowed, or not now: 401, 429 or 503
├── BadListen               a handshake or a command is wrong (ws_server/door/listen.py)
│   └── BadToken            (ws_server/door/tokens.py)
├── BadParameter            (ws_server/door/parameters.py)
├── BadCommand              (ws_server/inbox/commands.py)
├── Gap                     the log no longer holds what a client needs (ws_server/log/old_pages.py)
├── EmbeddedError           the embedded Valkey cannot start (config/cli/embedded.py)
├── Stopped                 a signal has come for `serve` (config/cli/serve.py)
├── HandshakeRefused        `listen` was not let in (config/cli/ws_client.py)
├── Closed                  the connection of `listen` has ended (config/cli/ws_client.py)
└── NotUnderstood           what answers `listen` is no WebSocket (config/cli/ws_client.py)
"""

from config.errors import MessageCenterError

__all__ = ["MessageCenterError", "NotAdmitted", "PushRefused", "QueueUnavailable"]


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
