"""What both processes know: the message, the errors, the limits that they share."""
