"""Where clients are remembered, in memory."""

from collections.abc import Callable, Sequence

from common.errors import QueueUnavailable
from common.message import Mark
from common.store.places import Known, Move, Places

GONE = QueueUnavailable("gone")


class FakePlaces(Places):
    """Unrealistic: one process alone, and nothing is ever forgotten; `fault` fails all calls."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.writes: list[list[Move]] = []
        self.fault: Exception | None = None
        self.during_write: Callable[[], object] | None = None  # What happens meanwhile, once.

    def join(self, name: str, mark: Mark) -> Known | None:
        self._fail()
        known = self.known.get(name)
        self.known[name] = Known(mark if known is None else known.mark, None)
        return known

    def write(self, moves: Sequence[Move]) -> None:
        self._fail()
        self.writes.append(list(moves))
        for name, mark, sent, how in moves:
            known = self.known.get(name)
            stays = known is not None and how == "move" and _order(known.mark) > _order(mark)
            most = sent
            if known and known.sent and sent and how == "move":  # It has left before.
                most = max(known.sent, sent, key=_order)
            self.known[name] = Known(known.mark if known and stays else mark, most)
        during, self.during_write = self.during_write, None
        if during is not None:
            during()

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


def _order(mark: Mark) -> tuple[int, str, int]:
    return len(mark.epoch), mark.epoch, mark.id
