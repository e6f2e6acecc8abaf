"""`POST /tokens`: a token for a listener, for backends that do not sign them themselves.

The route. Who may have one is decided in `signer`, what it says in `claims`.
"""

from flask import Flask, Response, jsonify, request

from http_api.reading.answers import SUCCESS
from http_api.reading.bodies import Bodies
from http_api.reading.head import Head
from http_api.tokens.claims import claims_of
from http_api.tokens.signer import Signer


def add_tokens(app: Flask, signer: Signer, bodies: Bodies, most_channels: int) -> None:
    """Add the route."""

    @app.post("/tokens")
    def tokens() -> Response:
        signer.refuse_others(request.environ)
        get = request.environ.get
        kind, encoding = get("CONTENT_TYPE", ""), get("HTTP_CONTENT_ENCODING", "")
        head = Head("POST", request.query_string, kind, encoding)
        with bodies.read(request) as body:
            claims, seconds = claims_of(head, body, most_channels)
        token, expires, jti = signer.sign(claims, seconds)
        response = jsonify({**SUCCESS, "token": token, "expires": expires, "jti": jti})
        response.headers["Cache-Control"] = "no-store"
        return response
