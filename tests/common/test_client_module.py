"""`/client.js` for all pages: its type, its size, and that nobody loads it twice."""

import gzip

from flask import Flask, Response, request
from flask.testing import FlaskClient

from clients.js import module
from common.client_module import ClientModule

SMALLEST, MOST = 1000, 4096  # Bytes, as they travel.


def serving() -> FlaskClient:
    app = Flask(__name__)
    client = ClientModule()

    @app.get("/client.js")
    def client_module() -> Response:
        return client.respond(request)

    return app.test_client()


def test_any_page_may_import_it() -> None:
    answer = serving().get("/client.js", headers={"Origin": "https://a.example"})

    assert answer.data == module()
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_it_travels_compressed_in_less_than_4_kib() -> None:
    answer = serving().get("/client.js", headers={"Accept-Encoding": "gzip, br"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.data) == module()
    print(f"client.js: {len(answer.data)} bytes with gzip")  # noqa: T201
    assert SMALLEST < len(answer.data) < MOST


def test_who_has_it_is_told_that_it_is_the_same() -> None:
    http = serving()
    tags = []
    for wanted in ("identity", "gzip"):
        headers = {"Accept-Encoding": wanted}
        tags.append(http.get("/client.js", headers=headers).headers["ETag"])
        again = http.get("/client.js", headers={**headers, "If-None-Match": tags[-1]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Cache-Control"] == "public, max-age=300"

    assert tags[0] != tags[1]
