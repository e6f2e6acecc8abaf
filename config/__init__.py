"""Settings and the start of the processes; imports nothing else of the project."""
