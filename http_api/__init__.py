"""The HTTP API that backends push to; knows nothing of WebSockets."""
