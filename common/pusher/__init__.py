"""Pusher's protocol, as far as both processes speak it: applications, names, signatures."""
