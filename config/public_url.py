"""WS_PUBLIC_URL: the address at which browsers reach the WebSocket server.

Only its text: nobody is asked. What may be a secret in it is shown by no error.
"""

import re

from config.checks import as_browsers_write

DEFAULT_PORTS = {"ws": 80, "wss": 443}
EVENTS = "/events"
INSTEAD = {"": "wss", "http": "ws", "https": "wss"}
PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*", re.ASCII)  # RFC 3986 3.3.


def websocket_url(text: str) -> str:
    """The check of WS_PUBLIC_URL: an address without a query, as browsers write it."""
    scheme, separator, rest = text.partition("://")
    scheme, rest = (scheme.lower(), rest) if separator else ("", text)
    place, slash, path = rest.partition("/")
    if "?" in rest or "#" in rest:
        raise ValueError("must be without ? and #: an address that ends with its path")
    if "@" in place:
        raise ValueError("must be without a user and a password: no page could use them")
    refusal = f"must be an address such as wss://push.example.com/ws, not {text!r}"
    if scheme in INSTEAD and re.fullmatch(r"[\w.-]+(:\d+)?", place):
        raise ValueError(f"{refusal}: write {INSTEAD[scheme]}://{rest}")
    if scheme not in DEFAULT_PORTS or not PATH.fullmatch(slash + path):
        raise ValueError(refusal)
    return f"{scheme}://{as_browsers_write(place, DEFAULT_PORTS[scheme], refusal)}{slash}{path}"


def events_url(url: str) -> str:
    """Where the events of a WebSocket's address are; clients/js/client.js goes there, too."""
    return f"http{url.removeprefix('ws').removesuffix('/')}{EVENTS}"
