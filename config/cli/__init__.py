"""The command `message-center`."""
