"""The connections of this process: their states, and what is sent to each."""
