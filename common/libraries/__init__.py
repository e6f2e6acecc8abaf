"""What we use of libraries and they do not promise: a file for each part, with its own test."""
