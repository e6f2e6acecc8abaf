"""What is measured, as the scenarios see it: ours, the floor's and each peer's server."""

from dataclasses import dataclass

from bench import meter


@dataclass(frozen=True)
class PushTarget:
    """Where a message is POSTed; `flags` are those of push.c."""

    port: int
    path: str = "/push"
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """A running server; `pids` are the processes that hold the connections."""

    name: str
    pids: tuple[int, ...]
    port: int
    target: PushTarget
    client_flags: tuple[str, ...] = ()
    token_path: str = ""  # Where a client with a token connects, with %s for it; empty: nowhere.
    # Some count a client a moment after they have answered it: a push before that misses it.
    quiet: float = 1.0  # Seconds after the handshakes.

    def cpu_seconds(self) -> float:
        """The CPU time that it has used."""
        return sum(map(meter.cpu_seconds, self.pids))

    def memory_bytes(self) -> int:
        """The memory that it takes."""
        return sum(map(meter.memory_bytes, self.pids))

    def threads(self) -> int:
        """How many threads it has."""
        return sum(map(meter.threads, self.pids))
