"""What the processes log: one line an event, as text or JSON, and never a content or a token."""
