"""What `message-center doctor` looks at. Each look is a function that gives findings."""
