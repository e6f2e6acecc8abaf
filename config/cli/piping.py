"""What `message-center push -` does: pushes what comes through a pipe, in batches, in order.

Each line has an id, made of the run's name and the line's number. So a batch is tried again
without coming twice, and so is the whole input: the same run with the same lines goes on.
"""

from collections.abc import Callable
from time import sleep
from typing import Any

from config.cli.lines import BadLineError, Lines, Portion, Reading
from config.cli.progress import Progress
from message_center_client import Client, Refused

LONGEST_LIMIT = 3600.0  # Seconds; a limit on messages a second is no failure, and is waited for.

Message = dict[str, Any]


class Piping:
    """One `push -`; `pushed` counts what is confirmed."""

    def __init__(self, client: Client, reading: Reading, progress: Progress | None = None) -> None:
        self._client = client
        self._reading = reading
        self._progress = progress
        self.pushed = 0

    def run(self, lines: Lines) -> None:
        """Push all lines; on an error those before it are pushed, and none after it.

        Raises:
            BadLineError: a line is no message, or is refused.
            Refused: the server takes nothing from this client.
            NotConfirmed: the lines after the first `pushed` ones may be pushed or not.
        """
        try:
            for portion in lines.portions():
                self._push_portion(portion)
                self._show(lines, Progress.show)
        finally:
            self._show(lines, Progress.end)

    def _push_portion(self, portion: Portion) -> None:
        numbers, messages = [], []
        bad: BadLineError | None = None
        for number, line in portion:
            try:
                messages.append(self._reading.message(number, line))
            except BadLineError as problem:
                bad = problem
                break
            numbers.append(number)
        self._push(numbers, messages)
        if bad:
            raise bad

    def _push(self, numbers: list[int], messages: list[Message]) -> None:
        try:
            while (pause := self._try(messages)) > 0:
                sleep(pause)
        except Refused as refused:
            self._push_what_is_taken(numbers, messages, refused)
        else:
            self.pushed += len(messages)

    def _try(self, messages: list[Message]) -> float:
        """After how many seconds to push them again; 0 if they are pushed."""
        try:
            self._client.push_batch(messages)
        except Refused as refused:
            if refused.status != 429 or not 0 < refused.retry_after <= LONGEST_LIMIT:
                raise
            return refused.retry_after
        return 0.0

    def _push_what_is_taken(
        self, numbers: list[int], messages: list[Message], refused: Refused
    ) -> None:
        """A batch is pushed as a whole or not at all; so push what is before the refused one."""
        at = refused.index
        if at is not None and at < len(messages):
            self._push(numbers[:at], messages[:at])
            raise BadLineError(numbers[at], str(refused)) from refused
        if refused.status != 413:
            raise refused
        if len(messages) == 1:
            raise BadLineError(numbers[0], str(refused)) from refused
        half = len(messages) // 2  # The server takes smaller bodies than is usual.
        self._push(numbers[:half], messages[:half])
        self._push(numbers[half:], messages[half:])

    def _show(self, lines: Lines, how: Callable[[Progress, int, int], None]) -> None:
        if self._progress:
            how(self._progress, lines.read, self.pushed)
