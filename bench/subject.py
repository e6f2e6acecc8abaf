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
    """A running server; `pid` is the process that holds the connections."""

    name: str
    pid: int
    port: int
    target: PushTarget
    client_flags: tuple[str, ...] = ()
    # Some count a client a moment after they have answered it: a push before that misses it.
    quiet: float = 1.0  # Seconds after the handshakes.

    def cpu_seconds(self) -> float:
        """The CPU time that it has used."""
        return meter.cpu_seconds(self.pid)
