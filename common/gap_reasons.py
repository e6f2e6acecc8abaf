"""Why somebody who reads the log is told that messages are missing: the `reason` of a gap."""

TOO_OLD = "history does not reach back far enough"
LOST = "Redis has lost messages"
UNKNOWN = "the id is not of this log"
