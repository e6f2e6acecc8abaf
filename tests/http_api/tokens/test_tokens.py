"""`POST /tokens`, over HTTP."""

from time import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from http_api.app import create_app
from tests.support.fakes import FakePresenceReader, FakeQueue
from tests.support.keys import SECRET
from tests.support.openapi import validate_response
from ws_server.door.tokens import Tokens

TOKEN = "a" * 16


def client(**settings: Any) -> FlaskClient:
    app = create_app(Settings(**settings), FakeQueue(), FakePresenceReader())
    return app.test_client()


def test_a_token_lets_its_owner_listen() -> None:
    start = int(time())
    http = client(subscribe_secret=SECRET)

    response = http.post("/tokens", json={"user": 42, "channels": ["news.*"], "seconds": 60})

    validate_response(response, "POST", "/tokens")
    told = response.get_json()
    grant = Tokens(Settings(subscribe_secret=SECRET)).check(told["token"])
    assert (grant.user, grant.channels) == ("42", frozenset(["news.*"]))
    assert start + 60 <= told["expires"] <= time() + 60
    assert response.headers["Cache-Control"] == "no-store"


def test_with_push_tokens_one_of_them_is_needed() -> None:
    http = client(subscribe_secret=SECRET, push_tokens=(("a", TOKEN),))
    backend = {"Authorization": f"Bearer {TOKEN}", "Host": "push.example"}

    assert http.post("/tokens", json={}).status_code == 401
    assert http.post("/tokens", json={}, headers=backend).status_code == 200


@pytest.mark.parametrize(
    ("settings", "headers"),
    [({}, {}), ({"subscribe_secret": SECRET}, {"Host": "rebound.example"})],
)
def test_about_says_whether_a_token_would_be_signed(
    settings: dict[str, Any], headers: dict[str, str]
) -> None:
    http = client(**settings)

    response = http.post("/tokens", json={}, headers=headers)

    validate_response(response, "POST", "/tokens")
    assert (response.status_code, response.get_json()["error"]) == (403, "cannot_sign")
    assert http.get("/about", headers=headers).get_json()["signs"] is False
    assert client(subscribe_secret=SECRET).get("/about").get_json()["signs"] is True


def test_a_page_of_another_site_gets_no_leave_to_send_json() -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}

    response = client(subscribe_secret=SECRET).options("/tokens", headers=asked)

    assert [name for name, _ in response.headers if name.startswith("Access-Control")] == []
