"""How long the oldest message has waited. The queue itself knows no times. No I/O here.

All messages leave the queue in its order. So the oldest one now was there at an earlier time, if
more waited then than have entered the log since.
"""

from common.store.beats import Sample

MOST = 256  # Samples. Of more, every second one goes, so an old queue is known less exactly.


class QueueAge:
    """Samples, of which each still has the oldest message in it; the newest is last."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []

    def note(self, sample: Sample) -> None:
        """One more."""
        self._forget(sample)
        if sample.added is not None and sample.waiting:
            self._samples.append(sample)
        if len(self._samples) > MOST:
            self._samples = [self._samples[0], *self._samples[2::2]]

    def seconds(self, now: Sample) -> float | None:
        """How long the oldest has waited at least; None if nothing waits, or nobody knows."""
        if not now.waiting or now.added is None:
            return None
        since = next((each.time for each in self._samples if _had_oldest(each, now)), now.time)
        return max(0, now.time - since) / 1000

    def _forget(self, now: Sample) -> None:
        if not now.waiting or now.added is None:
            self._samples.clear()
        self._samples = [each for each in self._samples if _had_oldest(each, now)]


def _had_oldest(then: Sample, now: Sample) -> bool:
    left = (now.added or 0) - (then.added or 0)
    return 0 <= left < then.waiting
