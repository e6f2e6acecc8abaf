"""What the command reads from and writes to a terminal or a pipe, whatever its encoding is."""

import codecs
import os
import sys
from collections.abc import Iterable
from contextlib import suppress

import click

from common.channels import names_in


def as_typed(text: str, name: str) -> str:
    """An argument as text, also where Python could not know that it was typed in UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:  # Some of it stands for bytes that Python could not read.
        try:
            return os.fsencode(text).decode()
        except UnicodeError:
            raise click.BadParameter("it is not UTF-8", param_hint=name) from None
    return text


def names_of(typed: Iterable[str], option: str) -> tuple[str, ...]:
    """The names of channels or users in an option that can be given several times."""
    try:
        return tuple(str(name) for text in typed for name in names_in(as_typed(text, option)))
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint=option) from problem


def write(text: str | bytes) -> None:
    """To standard output at once; what its encoding does not have is escaped, not lost."""
    try:
        _to_stdout(text)
    except OSError as problem:
        # Python would complain about it once more at its own exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(problem, BrokenPipeError):  # As in `listen | head -1`.
            sys.exit(0)
        raise click.ClickException(f"cannot write: {problem.strerror}") from problem


def say(text: str, *, nl: bool = True) -> None:
    """For people: standard error, so that standard output carries messages only."""
    with suppress(OSError):  # Its terminal may be gone.
        click.echo(text, err=True, nl=nl)


def _to_stdout(text: str | bytes) -> None:
    if sys.stdout is None:  # It was closed before the start.
        raise click.ClickException("cannot write: there is no standard output")
    encoding = sys.stdout.encoding or "ascii"
    if codecs.lookup(encoding).name == "ascii":
        encoding = "utf-8"  # Nobody has said what it is.
    data = text.encode(encoding, "backslashreplace") if isinstance(text, str) else text
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
