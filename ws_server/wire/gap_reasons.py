"""The `reason` of a gap notice: as the HTTP API says it, too."""

from common.gap_reasons import LOST, TOO_OLD, UNKNOWN

__all__ = ["LOST", "TOO_OLD", "UNKNOWN"]
