"""Pushes that come to the port for listening: which requests are that, and where they belong."""

import re

from ws_server.door.handshake import Refusal

# What only the HTTP API answers, at whatever prefix.
HTTP_API = re.compile(
    r"(/.*)?/(push(/batch|/index)?(\.html)?|users/[^/]+(/connections)?|channels/[^/]+|openapi\.json)"
).fullmatch


def misdirected(path: str, host: str, http_port: int) -> Refusal | None:
    """Says where the HTTP API is, if the path is one of its own."""
    if HTTP_API(path):
        reason = f"the HTTP API is at another port: {where_to_push(host, http_port)}"
        return Refusal(400, "wrong_port", reason)
    return None


def where_to_push(host: str, http_port: int) -> str:
    """`host` is that of the request, with the port for listening."""
    name = re.sub(r":\d*$", "", host)
    return f"push at port {http_port}, http://{name}:{http_port}/push"
