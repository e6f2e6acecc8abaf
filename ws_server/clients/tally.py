"""What has been sent, and to whom, since the start of the process. Plain numbers, which only grow.

`ws_server.collector` shows them; whoever counts needs no more than an `int` or `Counts`.
"""

from common.metrics.numbers import Buckets, Counts
from ws_server.wire.close_codes import ALL, CUT_OFF
from ws_server.wire.gap_reasons import LOST, TOO_OLD, UNKNOWN

GAPS = {TOO_OLD: "too_old", LOST: "lost", UNKNOWN: "unknown"}
# A client may close with any code: those that mean nothing here count together.
CODES = {1000, *(each.code for each in ALL)}
STREAM, OTHER = "stream", "other"  # Instead of a code, or of a reason.


class Tally:
    """Counted for each piece of the log and each audience, never for each client and message."""

    def __init__(self) -> None:
        self.settled = 0  # Messages that this process has moved from the queue to the log.
        self.rejected = Counts()  # Envelopes that were set aside, by the reason.
        self.sent = 0  # Messages that it has read from the log.
        # How often it has sent one of them to a client that was live. What clients that are behind
        # read later is in it, too: they were behind what was sent.
        self.deliveries = 0
        self.by_format = Counts()  # The same by the name of the format.
        self.bytes = 0  # That sockets have taken of it.
        self.accepts = Counts()  # Clients that came, by the error; or "accepted".
        self.closes = Counts()  # And those who left, by the code.
        self.resumes = Counts()  # Clients that came back, by what they miss.
        self.gaps = Counts()  # Clients that miss something, by the reason.
        # Of each part of a page that is sent to all.
        self.fan_out = Buckets("fan_out_seconds")
        self.chunk = Buckets("chunk_messages")
        self.written = Buckets("settled_to_written_seconds")

    def note_end(self, code: int, *, is_websocket: bool) -> None:
        """The connection of a client has ended, or is about to."""
        known = str(code) if code in CODES else OTHER
        self.closes[known if is_websocket else STREAM] += 1

    def note_cut(self, *, is_websocket: bool) -> None:
        """A client is gone, and neither side has said so before."""
        self.note_end(CUT_OFF.code, is_websocket=is_websocket)

    def note_gap(self, reason: str) -> None:
        """A client is told that it misses something, or closed for it."""
        self.gaps[GAPS.get(reason, OTHER)] += 1

    def note_resume(self, missing: str, *, is_refused: bool) -> None:
        """A client has come back and named the last id that it had."""
        result = "refused" if is_refused else GAPS.get(missing, OTHER) if missing else "complete"
        self.resumes[result] += 1
