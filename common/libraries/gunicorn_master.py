"""gunicorn's master process, the `Arbiter`. It promises nothing of it; used of it is:

- it calls `init_signals` once, before any worker is started; `signal` is its handler;
- its main loop asks `wait_for_signals(timeout)` what came, and calls `reload` at a SIGHUP;
- with `reuse_port` each worker opens its own listeners, and calls the hook `post_fork` then;
- `reload` calls the hook `on_reload`, starts new workers, and `manage_workers` stops the old ones;
- `reload` calls `reap_workers` again and again until the old workers are gone, and starts no other;
- `WORKERS` has those that live, with an `age` that only grows, up to `worker_age`;
- `spawn_worker` starts one, and `num_workers` is how many there should be;
- StopIteration ends the main loop, and the workers are stopped gracefully;
- an AppImportError in a worker ends the master, too, with its message.
"""

import signal
from collections.abc import Sequence
from types import FrameType

from gunicorn.arbiter import Arbiter
from gunicorn.errors import AppImportError

__all__ = ["AppImportError", "MasterProcess"]


class MasterProcess(Arbiter):  # type: ignore[misc]  # gunicorn has no types.
    """Starts, reloads and stops the workers. A subclass says what the signals mean."""

    _is_reloading = False
    _waits_for_old = False  # In a reload, for the workers that were there before.
    _age_before = 0  # Of the newest of them.

    def note(self, number: int) -> int:
        """Called in the handler of signals: what a signal is taken for."""
        return number

    def choose(self, found: Sequence[int]) -> list[int]:
        """Which of the signals that came are heeded, in their order."""
        return list(found)

    def gives_up_reload(self) -> bool:
        """Whether to wait no more for workers that a reload has told to stop."""
        return False

    def wait(self, timeout: float) -> list[int]:
        """The signals that come within so many seconds; some, when they come."""
        found: list[int] = super().wait_for_signals(timeout)
        return found

    def init_signals(self) -> None:
        # A script's `&` ignores SIGINT for what it starts, so that Ctrl-C ends the script alone.
        is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        super().init_signals()
        if is_ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def signal(self, sig: int, frame: FrameType | None) -> None:
        super().signal(self.note(sig), frame)

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        return self.choose(self.wait(timeout))

    def reload(self) -> None:
        self._is_reloading, self._age_before = True, self.worker_age
        try:
            super().reload()
        finally:
            self._is_reloading = self._waits_for_old = False

    def await_new_workers(self) -> None:
        """Called in a reload when new workers are started and no old one is told to stop yet."""

    def manage_workers(self) -> None:
        if self._is_reloading:
            self.await_new_workers()
        super().manage_workers()
        self._waits_for_old = self._is_reloading

    def reap_workers(self) -> None:
        super().reap_workers()
        if self._is_reloading and self.gives_up_reload():
            raise StopIteration
        if self._waits_for_old:
            self._replace_new_workers()

    def _replace_new_workers(self) -> None:
        """The old ones may take DRAIN_SECONDS: a new one that dies meanwhile is not missed long."""
        new = sum(worker.age > self._age_before for worker in self.WORKERS.values())
        for _ in range(new, self.num_workers):
            self.spawn_worker()
