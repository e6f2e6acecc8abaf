"""A whole terminal to draw on, which is as it was when the drawing ends."""

import os
import select
import shutil
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

ENTER = "\x1b[?1049h\x1b[?25l"  # Another screen, without a cursor.
LEAVE = "\x1b[?25h\x1b[?1049l"


class Screen:
    """Draws lines, cut to its size; one that is drawn over another one does not flicker."""

    def __init__(self, fd_in: int, fd_out: int) -> None:
        self._in, self._out = fd_in, fd_out

    @property
    def width(self) -> int:
        return self._size().columns

    def draw(self, lines: Sequence[str]) -> None:
        size = self._size()
        shown = [f"{line[: size.columns - 1]}\x1b[K" for line in lines[: size.lines - 1]]
        self._write("\x1b[H" + "\n".join(shown) + "\x1b[J")

    def key(self, seconds: float) -> str:
        """The key that is pressed within this time, or nothing."""
        if not select.select([self._in], [], [], seconds)[0]:
            return ""
        return os.read(self._in, 64).decode(errors="replace") or "q"  # The terminal is gone.

    def _size(self) -> os.terminal_size:
        try:
            size = os.get_terminal_size(self._out)
        except OSError:
            return shutil.get_terminal_size()
        return size if size.columns > 1 and size.lines > 1 else os.terminal_size((80, 24))

    def _write(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(self._out, data) :]


@contextmanager
def whole_screen() -> Iterator[Screen]:
    """The terminal of standard input and output, whose keys come at once."""
    fd_in, fd_out = sys.stdin.fileno(), sys.stdout.fileno()
    screen = Screen(fd_in, fd_out)
    before = termios.tcgetattr(fd_in)
    tty.setcbreak(fd_in)
    try:
        os.write(fd_out, ENTER.encode())
        yield screen
    finally:
        os.write(fd_out, LEAVE.encode())
        termios.tcsetattr(fd_in, termios.TCSADRAIN, before)
