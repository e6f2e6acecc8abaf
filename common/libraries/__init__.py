"""What we use of libraries that they do not promise: one file and one test for each library."""
