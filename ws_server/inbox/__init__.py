"""What clients send: commands of ours, and messages for the hooks."""
