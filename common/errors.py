"""The errors of the project, in one tree. An error of ours that is not in it fails a test.

MessageCenterError          config/errors.py
├── SettingsError           a setting stops the start (config/errors.py)
├── QueueUnavailable        Redis could not be reached, or did not confirm
├── Refused                 a request, a handshake or a command is not done (common/refused.py)
├── Gap                     the log no longer holds what a client needs (ws_server/log/old_pages.py)
├── Wrong                   what a Pusher client says cannot be (ws_server/pusher/requests.py)
├── NotSubscribed           it may not enter a channel (ws_server/pusher/rules.py)
├── NotTaken                a webhook was not taken (ws_server/pusher/webhook_post.py)
├── BadLineError            a line of a pipe cannot be pushed (config/cli/lines.py)
├── Broken                  there is no use in looking further (config/cli/doctor/route.py)
├── EmbeddedError           the embedded Valkey cannot start (config/cli/embedded.py)
└── Stopped                 a signal has come for `serve` (config/cli/serve.py)

The client has a tree of its own (clients/python/message_center_client/errors.py).
"""

from config.errors import MessageCenterError

__all__ = ["MessageCenterError", "QueueUnavailable"]


class QueueUnavailable(MessageCenterError):
    """Redis did not confirm; whether it took the command is unknown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Redis is unavailable: {self.reason}"
