"""From the queue to the log, and from the log to the hub; and where a client begins."""
