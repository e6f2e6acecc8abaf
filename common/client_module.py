"""`/client.js`, the JavaScript client, as both ports serve it: to pages of every origin.

What may be listened to is not decided here: the module is the same for everybody.
"""

import gzip
import hashlib

from flask import Request, Response

from clients.js import module

TYPE = "text/javascript; charset=utf-8"
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",  # For pages that are isolated, too.
    "Cache-Control": "public, max-age=300",
    "Vary": "Accept-Encoding",
}


class ClientModule:
    """The module, read and compressed once."""

    def __init__(self) -> None:
        self._plain = module()
        self._packed = gzip.compress(self._plain, mtime=0)
        self._tag = hashlib.sha256(self._plain).hexdigest()[:16]

    def respond(self, request: Request) -> Response:
        """The answer; 304 to who has it already."""
        packs = request.accept_encodings.quality("gzip") > 0
        response = Response(self._packed if packs else self._plain, content_type=TYPE)
        response.headers.update(HEADERS)
        response.set_etag(f"{self._tag}-gzip" if packs else self._tag)
        if packs:
            response.headers["Content-Encoding"] = "gzip"
        response.make_conditional(request)
        return response
