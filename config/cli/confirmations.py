"""`message-center push --receipt`: how many of those it was for have confirmed a push.

It is asked for until nothing is left to come, or time is up.
"""

from collections.abc import Callable
from http.client import HTTPException
from time import monotonic, sleep
from typing import Any

import click

from message_center_client import Refused

PATIENCE = 5.0  # Seconds.
PAUSE = 0.25  # Processes say twice a second what has changed.
OTHERS = ("behind", "missed", "unknown", "waiting")  # Said where there are any.
WITHOUT_NUMBERS = ("queued", "unknown")  # States.

Receipt = dict[str, Any]


def wait_for_receipt(ask: Callable[[], Receipt]) -> str:
    """What the receipt says in the end, in a line."""
    end = monotonic() + PATIENCE
    try:
        while not is_final(found := ask()) and monotonic() < end:
            sleep(PAUSE)
    except (Refused, OSError, HTTPException) as problem:
        raise click.ClickException(f"it is pushed, but there is no receipt: {problem}") from problem
    return told(found)


def is_final(found: Receipt) -> bool:
    """Whether everybody has confirmed it, or is gone."""
    if found["state"] in WITHOUT_NUMBERS:
        return False
    return not found["waiting"] and found["to"] == found["confirmed"] + found["missed"]


def told(found: Receipt) -> str:
    """For a person."""
    if found["state"] in WITHOUT_NUMBERS:
        return f"no numbers yet: its state is {found['state']}"
    counts = [f"confirmed by {found['confirmed']} of {found['to']}"]
    counts += [f"{name}: {found[name]}" for name in OTHERS if found[name]]
    if found["unknown"] is None:
        counts.append("a process was killed that had not said how many it has")
    return ", ".join(counts)
