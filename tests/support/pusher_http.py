"""A backend of Pusher's, written from its documents: it signs by itself, and shares no code.

`Backend` asks the application in this process, `ask` one at a port.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from time import time
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.websocket import LIMIT

Parameters = Sequence[tuple[str, str]]
APP_ID, KEY, SECRET = "3", "278d425bdf160c739803", "7ad3773142a6692b25b8"
SETTING = f"{APP_ID}:{KEY}:{SECRET}"
ONE = ((APP_ID, KEY, SECRET),)
TWO = (*ONE, ("7", "key-of-the-other", "secret-of-the-other"))


def sign(secret: str, method: str, path: str, parameters: Parameters) -> str:
    """What Pusher's documents say: names in small letters, sorted; several values by commas."""
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        values.setdefault(name.lower(), []).append(value)
    joined = "&".join(f"{name}={','.join(values[name])}" for name in sorted(values))
    return hmac_of(secret, f"{method}\n{path}\n{joined}")


def hmac_of(secret: str, text: str) -> str:
    """The signature of a text."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed(
    method: str,
    path: str,
    body: bytes = b"",
    asked: Parameters = (),
    app: tuple[str, str, str] = ONE[0],
    **other: str,
) -> list[tuple[str, str]]:
    """The parameters of a request; `other` takes the place of what would be right, '': none."""
    of_signature = {
        "auth_key": app[1],
        "auth_timestamp": str(int(time())),
        "auth_version": "1.0",
        **({"body_md5": hashlib.md5(body).hexdigest()} if body else {}),
        **{name: value for name, value in other.items() if name != "auth_signature"},
    }
    parameters = [*asked, *((name, value) for name, value in of_signature.items() if value)]
    signature = other.get("auth_signature", sign(app[2], method, path, parameters))
    return [*parameters, ("auth_signature", signature)] if signature else parameters


def query(parameters: Parameters) -> str:
    """As a URL has it."""
    return "&".join(f"{quote(name, '')}={quote(value, '')}" for name, value in parameters)


class Backend:
    """`call` and the rest answer as the application does."""

    def __init__(self, app: Flask, of: tuple[str, str, str] = ONE[0]) -> None:
        self._http = app.test_client()
        self._app = of

    def post(self, route: str, document: Any, **other: Any) -> TestResponse:
        """`route` is what follows the id of the application; `other` as of `signed`."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        path = f"/apps/{self._app[0]}{route}"
        parameters = signed("POST", path, body, app=self._app, **other)
        kind = "application/json"
        return self._http.post(f"{path}?{query(parameters)}", data=body, content_type=kind)

    def get(self, route: str, **asked: str) -> TestResponse:
        """`asked` are the parameters."""
        path = f"/apps/{self._app[0]}{route}"
        parameters = signed("GET", path, asked=list(asked.items()), app=self._app)
        return self._http.get(f"{quote(path)}?{query(parameters)}")

    def trigger(self, channels: Any, name: Any = "paid", data: Any = "{}", **more: Any) -> Any:
        """An event; the fields that are None are left out."""
        fields = {"channels": channels, "name": name, "data": data, **more}
        given = {name: value for name, value in fields.items() if value is not None}
        return self.post("/events", given)


def ask(
    port: int, route: str, document: Any = None, app: tuple[str, str, str] = ONE[0], **asked: str
) -> Any:
    """What a real server answers: to a POST, if there is a document."""
    path, method = f"/apps/{app[0]}{route}", "GET" if document is None else "POST"
    body = b"" if document is None else json.dumps(document).encode()
    parameters = signed(method, path, body, list(asked.items()), app)
    url = f"http://127.0.0.1:{port}{path}?{query(parameters)}"
    with urlopen(Request(url, body or None, method=method), timeout=LIMIT) as answer:
        return json.load(answer)
