"""How far `push -` is, on a terminal only: one line that is written over."""

import os
import stat
import sys
from collections.abc import Callable
from time import monotonic

BAR = 30  # Characters.
SHOW_INTERVAL = 0.1  # Seconds.


class Progress:
    """`total` is how many bytes will come, 0 if nobody knows."""

    def __init__(self, write: Callable[[str], None], total: int = 0) -> None:
        self._write = write
        self._total = total
        self._began = monotonic()
        self._shown = float("-inf")

    def show(self, read: int, pushed: int) -> None:
        """So many bytes were read and so many messages pushed; not more often than one can see."""
        if monotonic() - self._shown >= SHOW_INTERVAL:
            self._shown = monotonic()
            self._write(f"\r{self._line(read, pushed)}\x1b[K")

    def end(self, read: int, pushed: int) -> None:
        """The same for the last time."""
        self._write(f"\r{self._line(read, pushed)}\x1b[K\n")

    def _line(self, read: int, pushed: int) -> str:
        rate = pushed / max(monotonic() - self._began, 0.001)
        told = f"{pushed:,} pushed, {rate:,.0f} a second"
        if not self._total:
            return told
        share = min(read / self._total, 1.0)
        bar = "#" * int(share * BAR)
        return f"[{bar:-<{BAR}}] {share:4.0%}  {told}"


def progress_for(fd: int, write: Callable[[str], None]) -> Progress | None:
    """None where nobody looks, or somebody types. Of a file it is known how much is left."""
    if sys.stderr is None or not sys.stderr.isatty() or os.isatty(fd):
        return None
    info = os.fstat(fd)
    is_file = stat.S_ISREG(info.st_mode)
    return Progress(write, info.st_size - os.lseek(fd, 0, os.SEEK_CUR) if is_file else 0)
