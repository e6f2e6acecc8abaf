"""Everything that speaks Redis: the queue, the log, who is connected."""
