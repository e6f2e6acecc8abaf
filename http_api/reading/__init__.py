"""From the bytes of a request to what it means: no Flask, no Redis."""
