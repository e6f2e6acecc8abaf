"""Pusher's HTTP API, for backends that use a library of Pusher's."""
