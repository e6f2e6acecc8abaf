"""Clients that speak Pusher's protocol: what they say, what they are told, and who they are."""
