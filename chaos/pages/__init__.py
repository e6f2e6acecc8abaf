"""Pages with Pusher's libraries, while workers and Redis are killed: what each of them hears."""
