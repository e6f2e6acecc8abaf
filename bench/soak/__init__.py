"""Thousands of clients that come and go, for long: whatever grows is found. `make soak`."""
