"""What both processes know: the message, the errors, and the way to Redis."""
