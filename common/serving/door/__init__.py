"""Connections without a greenlet: plain requests are answered in the callback of the event loop."""
