"""What the workers of one master know of each other: when each was last well.

The kernel gives a connection to any of them, and one that stands still cannot say so. So each
notes the time in memory that all share, and whoever is asked looks at all. No I/O here.
"""

import mmap
from time import monotonic

SEATS = 256  # More workers than this are not seen by the others.
STUCK = 5.0  # Seconds in which an event loop has had no turn. Mostly it has one every 0.2.
CELLS = 4  # Of a seat, 8 bytes each, so that none is ever seen half written:
PID, TURNED, HEARD, PATIENCE = range(CELLS)  # Times of the monotonic clock; 0: nothing is said.
RESERVED = -1  # For a worker that has not started yet.


class Siblings:
    """The seats of all workers, which the master gives and takes back."""

    def __init__(self, seats: int = SEATS) -> None:
        self._cells = memoryview(mmap.mmap(-1, 8 * CELLS * seats)).cast("d")
        self._seats = seats

    def reserve(self) -> "Seat":
        """A seat for a worker that is about to start; one apart from all if there is none."""
        for at in range(self._seats):
            seat = Seat(self._cells, at)
            if not seat.pid:
                seat.sit_down(RESERVED)
                return seat
        return Seat.alone()


class Seat:
    """The place of one worker, from which it sees the others."""

    def __init__(self, cells: "memoryview[float]", at: int) -> None:
        self._cells = cells
        self._first = at * CELLS

    @classmethod
    def alone(cls) -> "Seat":
        """Of a process without siblings."""
        return cls(memoryview(bytearray(8 * CELLS)).cast("d"), 0)

    @property
    def pid(self) -> int:
        """Whose it is; 0 if it is free."""
        return int(self._cells[self._first + PID])

    def sit_down(self, pid: int) -> None:
        """It is this process's from now on; nothing is said of it yet."""
        self.say_nothing()
        self._cells[self._first + PID] = pid

    def free(self) -> None:
        """Its worker is gone."""
        self.sit_down(0)

    def say_nothing(self) -> None:
        """The worker ends: others need not mind it."""
        for cell in (TURNED, HEARD):
            self._cells[self._first + cell] = 0

    def turn(self, now: float) -> None:
        """The event loop of this worker has just had a turn."""
        self._cells[self._first + TURNED] = now

    def hear(self, now: float, patience: float) -> None:
        """This worker has just heard its canary; after so many seconds without it is deaf."""
        self._cells[self._first + PATIENCE] = patience
        self._cells[self._first + HEARD] = now

    def hear_nothing(self) -> None:
        """This worker listens to no canary for now."""
        self._cells[self._first + HEARD] = 0

    def is_deaf(self, now: float) -> bool:
        """Whether this worker has not heard its canary in time."""
        heard, patience = self._cells[self._first + HEARD], self._cells[self._first + PATIENCE]
        return bool(heard) and now - heard > patience

    def problem(self, now: float | None = None) -> str | None:
        """What is wrong with one of the workers, if anything is."""
        now = monotonic() if now is None else now
        for first in range(0, len(self._cells), CELLS):
            pid, turned, heard, patience = self._cells[first : first + CELLS]
            if turned and now - turned > STUCK:
                return f"process {pid:.0f} has stood still for {now - turned:.0f} s"
            if heard and now - heard > patience:
                return f"process {pid:.0f} has not heard its canary for {now - heard:.0f} s"
        return None

    def others_hear(self, now: float) -> bool:
        """Whether another worker has heard its canary in time."""
        for first in range(0, len(self._cells), CELLS):
            _, _, heard, patience = self._cells[first : first + CELLS]
            if first != self._first and heard and now - heard <= patience:
                return True
        return False
