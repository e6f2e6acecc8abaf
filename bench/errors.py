"""The one error of the measurements."""


class BenchFailed(Exception):
    """A message is missing or out of order, or a process did not do its part: no figure counts."""
