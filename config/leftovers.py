"""What processes that were killed hold for a moment more: their ports, the lock of their folder.

A start right after a kill -9 waits a little for it. It does not wait for a process that answers.
"""

import logging
import socket
from collections.abc import Callable
from time import monotonic, sleep

log = logging.getLogger(__name__)

PATIENCE = 5.0  # Seconds to wait for the end of what holds a thing.
GRACE = 1.0  # Seconds after which an answer is not the last one of somebody who is dying.
STEP = 0.05


def outlast(name: str, is_free: Callable[[], bool], answers: Callable[[], bool]) -> bool:
    """Whether `name` is or becomes free within PATIENCE; False at once if its holder `answers`."""
    if is_free():
        return True
    start = monotonic()
    is_told = False
    while monotonic() < start + PATIENCE:
        sleep(STEP)
        if is_free():
            return True
        if monotonic() > start + GRACE:
            if answers():
                return False
            if not is_told:
                log.warning("%s: in use; waiting %.0f s for its end", name, PATIENCE)
                is_told = True
    return False


def first_answer(host: str, port: int, question: bytes) -> bytes:
    """The first bytes of the answer to `question` at a port; nothing if there is none soon."""
    try:
        with socket.create_connection((host, port), GRACE) as probe:
            probe.sendall(question)
            return probe.recv(64)
    except OSError:
        return b""
