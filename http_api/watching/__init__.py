"""What is read over HTTP: numbers, who is connected, the log by page and as a stream."""
