"""Numbers for Prometheus: how they are counted, shared between workers, and written."""
