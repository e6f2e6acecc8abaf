"""What `serve` shows when it is up: the addresses, and a command to try.

Only text. The command is the one that was used, so that it works where it is pasted.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.addresses import reachable
from config.cli.embedded import redis_at
from config.redis_url import without_password
from config.settings import Settings

# Of those in the environment, not in .env, another shell knows nothing.
SHOWN = ("HTTP_HOST", "HTTP_PORT")


@dataclass(frozen=True, kw_only=True)
class Banner:
    """`other_redis` is the port that the embedded Valkey could not get, or 0."""

    settings: Settings
    redis_url: str
    command: str
    environ: Mapping[str, str]
    other_redis: int = 0

    @property
    def addresses(self) -> dict[str, str]:
        settings = self.settings
        return {
            "http": f"http://{reachable(settings.http_host)}:{settings.http_port}/",
            "websocket": f"ws://{reachable(settings.ws_host)}:{settings.ws_port}/",
            "redis": without_password(self.redis_url),
        }

    def text(self, *, has_redis: bool) -> str:
        at = self.addresses
        note = "" if has_redis else "  (does not answer yet: pushes get 503)"
        return (
            f"\n  HTTP API   {at['http']}          (open it: the console)\n"
            f"  WebSocket  {at['websocket']}\n{self._dialects()}"
            f"  Redis      {at['redis']}{note}\n{self.about_other_redis()}\n"
            f"  Try:  {self._push(at['http'])}\n"
            f"  Stop: Ctrl-C\n"
        )

    def _dialects(self) -> str:
        """Where libraries of other protocols go."""
        settings = self.settings
        listens = f"{reachable(settings.ws_host)}:{settings.ws_port}"
        pushes = f"{reachable(settings.http_host)}:{settings.http_port}"
        lines = [
            f"  Pusher     key {key}: backends {pushes}, pages {listens}\n"
            for _, key, _ in settings.pusher_apps
        ]
        if settings.socket_io:
            lines.append(f'  Socket.IO  http://{listens}, {{transports: ["websocket"]}}\n')
        return "".join(lines)

    def _push(self, http: str) -> str:
        if not self.settings.needs_push_token:
            return f"curl -d hello {http}push"
        # The command has a token; on the screen there is none to be seen.
        set_here = [
            f"{name}={getattr(self.settings, name.lower())}"
            for name in SHOWN
            if name in self.environ
        ]
        # The tokens of a file are read by the HTTP API alone.
        token = "" if self.settings.push_tokens else " --token TOKEN"
        push = " ".join([*map(shlex.quote, set_here), f"{self.command} push hello{token}"])
        # A line of its own: the other one is to be pasted.
        hint = "\n        (in a shell with these PUSH_TOKENS)"
        return push + (hint if "PUSH_TOKENS" in self.environ else "")

    def about_other_redis(self) -> str:
        """That somebody else has the port of the embedded Valkey; empty if nobody has."""
        port, indent = self.other_redis, " " * 13
        if not port:
            return ""
        url = redis_at(port)
        if not url:
            return f"{indent}(port {port} is another program's)\n"
        return (
            f"{indent}Port {port} is another Redis': what is pushed there does not arrive here.\n"
            f"{indent}To use that one: REDIS_URL={url} {self.command} serve\n"
        )


def command_as_typed(words: Sequence[str], arguments: Sequence[str]) -> str:
    """The command of `sys.orig_argv` without its arguments; it works in any folder."""
    command = list(words[: len(words) - len(arguments)])
    if "-m" not in command:  # A script with a path, and before it the Python that runs it.
        command = command[-1:]
    if "/" in command[0]:
        command[0] = os.path.abspath(command[0])
    return shlex.join(command)
