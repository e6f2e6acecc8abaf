"""What the allocators of this process have given out, and what they keep for later.

Memory that a process has from the kernel hardly ever goes back: it grows to the most that was in
use at once, and a bit more, as what is free lies in pieces. That is no leak. A leak is what is in
use and grows; here both are told apart. Without glibc only Python's own half is known.
"""

import ctypes
import os
import re
import sys
from collections.abc import Callable
from functools import cache
from tempfile import TemporaryFile
from typing import Any

MIB = 1024 * 1024
STDERR, MOST = 2, 64 * 1024
MMAPPED, USED, FREE, ALL = 4, 7, 8, 10  # Of what mallinfo2(3) answers.
# In what `sys._debugmallocstats` writes: bytes in use, and in all.
IN_USE = re.compile(rb"^# bytes in allocated blocks\s*=\s*([\d,]+)", re.M)
ARENAS = re.compile(rb"^\d+ arenas \* \d+ bytes/arena\s*=\s*([\d,]+)", re.M)


class Mallinfo2(ctypes.Structure):
    """As in malloc.h."""

    _fields_ = [("numbers", ctypes.c_size_t * ALL)]


def allocated() -> dict[str, float]:
    """In MiB: `in use`, and what is kept `free`, of malloc and of Python's allocator together."""
    used, free = (a + b for a, b in zip(_malloc(), _python(), strict=True))
    return {"in use": used / MIB, "free": free / MIB}


def _malloc() -> tuple[int, int]:
    ask = _mallinfo2()
    if ask is None:
        return 0, 0
    numbers = ask().numbers
    return numbers[USED] + numbers[MMAPPED], numbers[FREE]


@cache  # Each CDLL has a class of its own, which only the search for garbage would find.
def _mallinfo2() -> Callable[[], Any] | None:
    ask = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if ask is not None:
        ask.restype = Mallinfo2
    return ask


def _python() -> tuple[int, int]:
    text = _stats_of_python()
    used, total = (_number(pattern, text) for pattern in (IN_USE, ARENAS))
    return used, total - used


def _stats_of_python() -> bytes:
    """What C writes to the standard error, and tells nobody else; nothing else runs meanwhile."""
    with TemporaryFile() as file:
        before = os.dup(STDERR)
        os.dup2(file.fileno(), STDERR)
        try:
            sys._debugmallocstats()
        finally:
            os.dup2(before, STDERR)
            os.close(before)
        return os.pread(file.fileno(), MOST, 0)


def _number(pattern: re.Pattern[bytes], text: bytes) -> int:
    found = pattern.search(text)
    return int(found[1].replace(b",", b"")) if found else 0
