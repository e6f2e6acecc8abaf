"""A screen on a terminal of its own."""

import fcntl
import os
import pty
import struct
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import suppress

import pytest

from config.cli.screen import ENTER, LEAVE, Screen, whole_screen


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """What a person sees and types at, and what the program has; 5 lines of 20 characters."""
    person, program = pty.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", 5, 20, 0, 0))
    yield person, program
    os.close(person)
    os.close(program)


def shown(person: int, end: str) -> str:
    """What a person sees, up to `end`: a terminal hands it on piece by piece."""
    seen = ""
    while not seen.endswith(end):
        seen += os.read(person, 1000).decode()
    return seen


def test_lines_are_cut_to_the_size_of_the_terminal(terminal: tuple[int, int]) -> None:
    person, program = terminal
    screen = Screen(program, program)
    screen.draw(["x" * 30, *"abcdef"])

    assert screen.width == 20
    assert shown(person, "\x1b[J") == (
        "\x1b[H" + "x" * 19 + "\x1b[K\r\na\x1b[K\r\nb\x1b[K\r\nc\x1b[K\x1b[J"
    )


def test_a_key_is_waited_for(terminal: tuple[int, int]) -> None:
    person, program = terminal
    screen = Screen(program, program)
    tty.setcbreak(program)

    assert screen.key(0) == ""
    os.write(person, b"q")
    assert screen.key(10) == "q"


def test_one_that_is_no_terminal_has_the_usual_size() -> None:
    out, into = os.pipe()
    assert Screen(out, into).width > 1
    os.close(into)
    assert Screen(out, out).key(1) == "q"
    os.close(out)


def test_the_terminal_is_as_it_was_afterwards(
    terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, program = terminal
    before = termios.tcgetattr(program)
    with os.fdopen(os.dup(program), "r+b", buffering=0) as file:
        monkeypatch.setattr(sys, "stdin", file)
        monkeypatch.setattr(sys, "stdout", file)
        with suppress(KeyboardInterrupt), whole_screen() as screen:
            assert termios.tcgetattr(program)[3] & termios.ICANON == 0
            screen.draw(["a"])
            raise KeyboardInterrupt

    assert termios.tcgetattr(program) == before
    assert shown(person, LEAVE).startswith(ENTER)
