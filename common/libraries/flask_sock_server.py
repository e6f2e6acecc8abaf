"""flask-sock's server class, for which it has no setting. This is used, and not promised:

- its routes look up `flask_sock.Server` at each handshake, and call it with the environment;
- what that returns is the first argument of the view.
"""

from collections.abc import Callable
from typing import Any

import flask_sock
from flask import Flask


def websockets(app: Flask, server: Callable[..., Any]) -> Any:
    """An extension whose `route` gives each view a `server(environ)`, in all of this process."""
    flask_sock.Server = server
    return flask_sock.Sock(app)
