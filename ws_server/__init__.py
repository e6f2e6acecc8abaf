"""The WebSocket server: reads the log and fans it out; knows nothing of the HTTP API."""
