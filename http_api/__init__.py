"""The HTTP API that admin backends push to; knows nothing of WebSockets."""
