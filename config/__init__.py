"""Settings: what they are, how they are read and checked; imports nothing else of the project."""
