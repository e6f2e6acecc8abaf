"""How long to wait before the next try: longer each time, and never two clients alike."""

import random


class Backoff:
    """Starts at `first` seconds and doubles up to `longest`."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._wait = first

    def pause(self, at_least: float = 0.0) -> float:
        """Seconds until the next try, not less than a `Retry-After` said."""
        wait = self._wait
        self._wait = min(wait * 2, self._longest)
        # All whom the server has sent away must not come back in the same moment.
        return max(wait * random.uniform(0.5, 1.5), at_least * random.uniform(1.0, 1.25))

    def reset(self) -> None:
        """It has worked: begin anew the next time."""
        self._wait = self._first
