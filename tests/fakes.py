"""Stand-ins for what lies outside a unit; each says what it makes unrealistic."""

from collections.abc import Sequence

from config.settings import Settings


class FakeQueue:
    """`pushes` holds one list for each LPUSH. Unrealistic: it fails only when given a `fault`."""

    def __init__(self) -> None:
        self.pushes: list[list[bytes]] = []
        self.fault: Exception | None = None

    def push(self, items: Sequence[bytes]) -> None:
        self.ping()
        self.pushes.append(list(items))

    def ping(self) -> None:
        if self.fault is not None:
            raise self.fault


class FakeApp:
    """An application; `stops` has a True for each stop by a reload. Unrealistic: serves nothing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stops: list[bool] = []
