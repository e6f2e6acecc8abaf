"""Pushes that come to the port for listening: which requests are that, and where they belong."""

import re

from common.refused import Refused

# What only the HTTP API answers, at whatever prefix; the last are those of Pusher's libraries.
HTTP_API = re.compile(
    r"(/.*)?/(push(/batch|/index)?(\.html)?|users/[^/]+(/connections)?|channels/[^/]+|openapi\.json"
    r"|apps/[^/]+/(events|batch_events|channels(/.*)?|connections|users/.*))"
).fullmatch


def refuse_misdirected(path: str, host: str, http_port: int) -> None:
    """Raises Refused, which says where the HTTP API is, if the path is one of its own."""
    if HTTP_API(path):
        reason = f"the HTTP API is at another port: {where_to_push(host, http_port)}"
        raise Refused("wrong_port", reason)


def where_to_push(host: str, http_port: int) -> str:
    """`host` is that of the request, with the port for listening."""
    name = re.sub(r":\d*$", "", host)
    return f"push at port {http_port}, http://{name}:{http_port}/push"
