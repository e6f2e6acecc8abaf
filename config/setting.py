"""What a setting is: a field that says its default, its meaning and its check in one place.

It knows no setting by name; `config.settings` has them.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from config.checks import BYTES, SECONDS, Check, Number

KIB = 1024
MIB = 1024 * KIB

# What several settings are.
PORT = Number(int, 1, 65535)
WORKERS = Number(int, 1, 256)
COUNT = Number(int, 1, 1_000_000_000)
SIZE = Number(int, 1, 1024 * MIB, BYTES)
TIME = Number(float, 0.001, 31_536_000, SECONDS)
LONG_TIME = Number(int, 1, 1_000_000_000, SECONDS)
RATE = Number(float, 0, 1_000_000)


def setting(
    default: Any, meaning: str, check: Check, *, secret: bool = False, exact: bool = False
) -> Any:
    """A field of a dataclass; `exact`: blanks before and behind the value belong to it."""
    metadata = {"meaning": meaning, "check": check, "exact": exact}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True)
class Description:
    """A setting as people read of it; `default` is how one would write it."""

    name: str
    default: str
    meaning: str
    check: Check


def describe_group(group: type) -> list[Description]:
    """The settings that `group` declares, in its order."""
    return [
        Description(
            name=each.name.upper(),
            default=_written(each.default),
            meaning=each.metadata["meaning"],
            check=each.metadata["check"],
        )
        for each in fields(group)
    ]


def _written(default: Any) -> str:
    if isinstance(default, bool):
        return str(int(default))
    return ",".join(default) if isinstance(default, tuple) else str(default)
