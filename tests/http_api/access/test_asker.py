"""What is kept of who asks, for one request."""

from flask import Flask

from http_api.access import asker
from http_api.access.guard import NOBODY
from http_api.access.scope import Scope


def test_it_is_kept_for_one_request_and_at_first_there_is_nobody() -> None:
    app, scope = Flask(__name__), Scope.parse("shop", "read")

    with app.test_request_context():
        assert (asker.callers(), asker.scope()) == (NOBODY, None)
        asker.keep({"token": "shop"}, scope)
        assert (asker.callers(), asker.scope()) == ({"token": "shop"}, scope)
    with app.test_request_context():
        assert (asker.callers(), asker.scope()) == (NOBODY, None)
