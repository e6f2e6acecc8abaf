"""What we use of libraries although they do not promise it: a file and a test for each."""
