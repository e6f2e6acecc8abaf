"""Why a client is told that messages are missing: the `reason` of a gap notice."""

TOO_OLD = "history does not reach back far enough"
LOST = "Redis has lost messages"
UNKNOWN = "the id is not of this log"
