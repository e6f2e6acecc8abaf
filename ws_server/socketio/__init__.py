"""Clients that speak Socket.IO: what they say, what they are told, and how they enter."""
