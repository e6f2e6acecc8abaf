"""Everything with one command: Valkey if there is no Redis, then the two processes.

All stop together: at a signal, and when one of them ends by itself, with its
error shown. A reload is passed on to both. They meet in Redis only.
"""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

from common.serving.server import longest_stop
from config.addresses import reachable, refuse_shared_ports, refuse_taken_address
from config.anonymous import refuse_anonymous_push
from config.cli import children
from config.cli.banner import Banner
from config.cli.embedded import EmbeddedValkey
from config.cli.signals import RELOADING, Signals, Stopped
from config.load import without_links
from config.settings import Settings

# Not through `http_proxy`, whose owner is not to get a token and what is pushed.
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
READY_TIMEOUT = 30.0  # Seconds for both processes to answer.
LOOK_INTERVAL = 0.2  # Seconds between two looks at whether one has ended.
READY_INTERVAL = 1.0  # Seconds between two looks at most, as each refusal is a line of the log.
REDIS_PATIENCE = 5.0  # Seconds to wait for Redis before the addresses are shown without it.


class Report(Protocol):
    """Where it is told what `serve` itself has to say."""

    def up(self, banner: Banner, *, has_redis: bool) -> None:
        """All answers; Redis may not."""

    def ended(self, what: str) -> None:
        """A process has ended by itself: the others are stopped."""


def serve(settings: Settings, *, embedded: bool, command: str, report: Report) -> int:
    """Run until a signal (returns 0) or until a process ends by itself (returns 1).

    `command` is this one, as people are told to type it.

    Raises:
        SettingsError: an address cannot be used, or not without PUSH_TOKENS.
        EmbeddedError: the embedded Valkey does not start.
    """
    refuse_anonymous_push(settings)
    refuse_shared_ports(settings, embedded=embedded)
    valkey = None
    running: dict[str, subprocess.Popen[bytes]] = {}
    signals = Signals()
    try:
        signals.receive()
        refuse_taken_address("HTTP", settings.http_host, settings.http_port)
        refuse_taken_address("WS", settings.ws_host, settings.ws_port)
        if embedded:
            valkey = EmbeddedValkey.start(Path(settings.data_dir), settings.embedded_redis_port)
            running["valkey"] = valkey.process
        banner = Banner(
            settings=settings,
            redis_url=valkey.url if valkey else settings.redis_url,
            command=command,
            environ=os.environ,
            other_redis=valkey.instead_of if valkey else 0,
        )
        environ = {**without_links(os.environ), "REDIS_URL": banner.redis_url}
        running["http_api"] = _start("http_api", environ)
        running["ws_server"] = _start("ws_server", environ)
        if _wait_until(settings, running, "healthz", READY_TIMEOUT):
            has_redis = _wait_until(settings, running, "readyz", REDIS_PATIENCE, READY_INTERVAL)
            report.up(banner, has_redis=has_redis)
        _wait_for_an_end(running, signals)
        report.ended(_what_ended(running))
        return 1
    except Stopped:
        return 0
    finally:
        _stop_all(running, valkey, signals, longest_stop(settings) + 5)


def _start(package: str, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return children.spawn([sys.executable, "-P", "-m", package], environ)


def _wait_until(
    settings: Settings,
    running: Mapping[str, subprocess.Popen[bytes]],
    path: str,
    limit: float,
    longest_pause: float = 0.05,
) -> bool:
    """Whether both processes answer `path` well in time; False at once if one has ended."""
    end, pause = monotonic() + limit, 0.05
    waiting = [
        f"http://{reachable(settings.http_host)}:{settings.http_port}/{path}",
        f"http://{reachable(settings.ws_host)}:{settings.ws_port}/{path}",
    ]
    while waiting and monotonic() < end:
        if any(child.poll() is not None for child in running.values()):
            return False
        if _answers_well(waiting[0]):
            waiting.pop(0)
        else:
            sleep(min(pause, longest_pause))
            pause *= 2
    return not waiting


def _answers_well(url: str) -> bool:
    try:
        with DIRECTLY.open(url, timeout=1):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _wait_for_an_end(running: Mapping[str, subprocess.Popen[bytes]], signals: Signals) -> None:
    """Return when any child has ended; a stop interrupts it by raising `Stopped`.

    It looks again and again: what would wait for any child and leave its status to Popen,
    `os.waitid`, macOS has only since Python 3.13.
    """
    while all(child.poll() is None for child in running.values()):
        if signals.take_reload():  # Not before here: who still starts would be ended by it.
            for child in _servers(running):
                child.send_signal(RELOADING)
        sleep(LOOK_INTERVAL)


def _servers(running: Mapping[str, subprocess.Popen[bytes]]) -> list[subprocess.Popen[bytes]]:
    return [child for name, child in running.items() if name != "valkey"]


def _what_ended(running: Mapping[str, subprocess.Popen[bytes]]) -> str:
    ended = {name: child.returncode for name, child in running.items() if child.poll() is not None}
    told = ", ".join(f"{name} ended with {_status(code)}" for name, code in ended.items())
    return f"{told} (see above); stopping the others"


def _status(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"


def _stop_all(
    running: Mapping[str, subprocess.Popen[bytes]],
    valkey: EmbeddedValkey | None,
    signals: Signals,
    timeout: float,
) -> None:
    """Both servers first and at once, then Valkey, which has the last word on what is kept."""
    servers = _servers(running)

    def stop_servers() -> None:
        for child in servers:
            child.terminate()

    signals.call_at_stop(stop_servers)  # A second Ctrl-C must not leave half of it running.
    stop_servers()
    for child in servers:
        children.await_end(child, timeout)
    if valkey is not None:
        valkey.stop()
