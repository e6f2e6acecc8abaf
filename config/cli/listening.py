"""What `message-center listen` does: prints what arrives, and comes back where that can help.

Nothing of a token is said, and nothing that a server says can play tricks on a terminal.
"""

import random
import re
import ssl
import time
from collections.abc import Callable

from config.printable import printable
from message_center_client.errors import Closed, NotUnderstood, Refused
from message_center_client.listener import FOR_GOOD, LOST_PLACE, PASSING
from message_center_client.websocket import receive

FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0  # Seconds between two tries to connect.
LONGEST_RETRY_AFTER = 60.0
# Not to be shown: what is named as a token in a URL, and whatever looks like one.
TOKEN = re.compile(r"(?<=[?&]token=)[^&#\s]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*")
LAST = re.compile(r"(?<=[?&])last=[^&]*&?")
LAST_ID = re.compile(r"(?<=[?&])(last_id|lastEventId)=[^&]*&?")

Write = Callable[[str | bytes], None]
Say = Callable[[str], None]


class Listener:
    """One `message-center listen`."""

    def __init__(self, url: str, write: Write, say: Say, token: str | None = None) -> None:
        self._url = url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._write = write
        self._say = say
        self._wait = FIRST_WAIT

    def run(self) -> None:
        """Pass on what arrives; returns when it would be no use to come back."""
        while (at_least := self._listen()) is not None:
            pause = max(self._wait * random.uniform(0.5, 1.5), at_least)
            self._tell(f"trying again in {pause:.1f} s")
            time.sleep(pause)
            self._wait = min(self._wait * 2, LONGEST_WAIT)

    def _listen(self) -> float | None:
        """Until the connection ends; how many seconds to stay away, None for ever."""
        try:
            for piece in receive(self._url, self._headers):
                if piece is None:
                    self._wait = FIRST_WAIT
                    self._tell(f"connected to {self._url}")
                    # What they ask for comes once; text cannot be asked for what was missed.
                    self._url = LAST.sub("", self._url)
                else:
                    self._write(piece)
        except Closed as end:
            return self._after(end)
        except Refused as refused:
            self._tell(f"{self._url} refuses: {reason_of(refused)}")
            can_pass = refused.status >= 500 or refused.status in PASSING
            return min(refused.retry_after, LONGEST_RETRY_AFTER) if can_pass else None
        except (OSError, NotUnderstood) as problem:
            self._tell(f"cannot connect to {self._url}: {printable(str(problem))}")
            return None if isinstance(problem, ssl.SSLCertVerificationError) else 0.0
        return 0.0

    def _tell(self, text: str) -> None:
        self._say(TOKEN.sub("…", text))

    def _after(self, end: Closed) -> float | None:
        self._tell(printable(str(end)))
        if end.code == LOST_PLACE:
            self._url = LAST_ID.sub("", self._url)
        return None if end.code in FOR_GOOD else 0.0


def reason_of(refused: Refused) -> str:
    """In words, if the body is in the JSON shape of our own refusals."""
    return printable(str(refused))
