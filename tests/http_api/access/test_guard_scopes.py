"""Tokens that may not do everything, through the application; at the door: test_plain_push.py."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from http_api.app import PUBLIC, RIGHTS, create_app
from tests.support.fakes import FakePresenceReader, FakeQueue
from tests.support.keys import SECRET
from tests.support.openapi import validate_response
from tests.support.reads import Stores

TOKEN = "0123456789abcdef-token"
# A method and a path, and the word that it needs.
ROUTES = [
    ("GET", "/push", "push"),
    ("POST", "/push/batch", "push"),
    ("GET", "/users/42", "presence"),
    ("GET", "/channels/news", "presence"),
    ("GET", "/users", "presence"),
    ("GET", "/channels", "presence"),
    ("DELETE", "/users/42/connections", "kick"),
    ("POST", "/tokens", "sign"),
    ("GET", "/stats", "read"),
    ("GET", "/messages", "read"),
    ("GET", "/messages/events", "read"),
    ("GET", "/about", ""),
]
EVERY = "push read presence kick sign"


def app_of(words: str, stores: Stores | None = None, queue: FakeQueue | None = None) -> Any:
    settings = Settings(push_tokens=(("shop", TOKEN, words),), subscribe_secret=SECRET)
    return (stores or Stores()).app(settings, queue or FakeQueue())


def client(words: str, **given: Any) -> FlaskClient:
    http = app_of(words, **given).test_client()
    http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    found: FlaskClient = http
    return found


@pytest.mark.parametrize(("method", "path", "word"), ROUTES)
def test_each_route_needs_its_own_right(method: str, path: str, word: str) -> None:
    others = " ".join(each for each in EVERY.split() if each != word)
    body: Any = ["a"] if "batch" in path else {}
    sent = body if method == "POST" else None

    with client(word or others).open(path, method=method, json=sent) as allowed:
        assert allowed.status_code == 200
    with client(others).open(path, method=method, json=sent) as refused:
        assert refused.status_code == (403 if word else 200)
        if word:
            template = path.replace("/42", "/{user}").replace("/news", "/{channel}")
            validate_response(refused, method, template)
            assert refused.get_json()["error"] == "insufficient_scope"


def test_what_a_scope_must_hold_is_written_for_every_route_that_needs_a_token() -> None:
    endpoints = {rule.endpoint for rule in Stores().app().url_map.iter_rules()}

    assert set(RIGHTS) == endpoints - PUBLIC


def test_a_new_route_is_closed_to_every_scope() -> None:
    app = app_of(EVERY)
    app.add_url_rule("/new", "new", lambda: "x")
    http = app.test_client()

    refused = http.get("/new", headers={"Authorization": f"Bearer {TOKEN}"})
    assert refused.get_json()["msg"].startswith("the token 'shop' may not do this; what it may: ")


def test_within_the_scope_it_is_a_push_like_any_other() -> None:
    queue = FakeQueue()
    http = client("push=news.*,user:*", queue=queue)

    assert http.get("/push?content=a&channel=news.a&user=7").status_code == 200
    assert http.post("/push/batch", json=[{"content": "a", "user": 7}]).status_code == 200
    assert len(queue.pushes) == 2


def test_a_batch_is_whole_or_not_at_all_and_says_which_is_not_allowed() -> None:
    queue = FakeQueue()
    batch = [{"content": "a", "channel": "news"}, "b", {"content": "c", "channel": "orders"}]

    response = client("push=news", queue=queue).post("/push/batch", json=batch)

    validate_response(response, "POST", "/push/batch")
    assert (response.status_code, response.get_json()["index"]) == (403, 1)
    assert queue.pushes == []


def test_only_messages_of_the_scope_are_read() -> None:
    stores = Stores()
    stores.history.write("to all")
    stores.history.write("to both", "news", "orders")
    http = client("read=news", stores=stores)

    refused = [http.get(f"/messages{query}").status_code for query in ("", "?channel=orders")]
    page = http.get("/messages?channel=news").get_json()

    assert refused == [403, 403]
    assert http.get("/messages/events?channels=news,orders").status_code == 403
    # To whom else it went is not told.
    assert [(each["content"], each["to"]) for each in page["messages"]] == [
        ("to all", []),
        ("to both", ["news"]),
    ]
    with http.get("/messages/events?channel=news&last=2") as stream:
        assert stream.status_code == 200
        first = next(stream.iter_encoded())
    assert b'"to":["news"]' in first.replace(b" ", b"")
    assert b"orders" not in first


def test_a_page_is_told_what_its_token_may_do() -> None:
    told = client("push=news presence").get("/about")

    validate_response(told, "GET", "/about")
    assert told.get_json()["push"] == {
        "tokens": True,
        "scope": {
            "push": ["news"],
            "everybody": False,
            "read": [],
            "presence": True,
            "kick": False,
            "sign": False,
        },
    }
    assert told.get_json()["signs"] is False
    assert client("sign").get("/about").get_json()["signs"] is True


def test_a_token_without_a_scope_may_do_everything() -> None:
    app = create_app(Settings(push_tokens=(("a", TOKEN),)), FakeQueue(), FakePresenceReader())
    http = app.test_client()
    headers = {"Authorization": f"Bearer {TOKEN}"}

    assert http.get("/push?content=a", headers=headers).status_code == 200
    assert http.get("/about", headers=headers).get_json()["push"]["scope"] is None
