"""What a page or a program must know, as the settings say it."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from config.load import load
from config.settings import Settings
from http_api.about import About
from http_api.app import create_app
from tests.support.fakes import FakePresenceReader, FakeQueue
from tests.support.keys import SECRET
from tests.support.openapi import DOCUMENT, validate, validate_response

TOKEN = "a" * 16


def about(**settings: Any) -> dict[str, Any]:
    found = About(Settings(**settings)).read(None, signs=False)
    validate(found, DOCUMENT["components"]["schemas"]["About"])
    return found


def test_the_answer_is_as_documented(http: FlaskClient) -> None:
    response = http.get("/about")

    validate_response(response, "GET", "/about")
    answers = DOCUMENT["paths"]["/about"]["get"]["responses"]["200"]
    example = answers["content"]["application/json"]["examples"]["as_it_starts"]["value"]
    assert response.get_json() == example
    assert response.headers["Cache-Control"] == "no-store"


def test_the_settings_of_a_server_are_told() -> None:
    found = about(
        delivery="instant",
        message_prefix="",
        message_center_key="center",
        max_content_bytes=1,
        max_channels=2,
        push_tokens=(("a", TOKEN),),
        allowed_origins=("https://a.example", "null"),
        ws_port=1,
    )

    assert (found["delivery"], found["prefix"], found["key"]) == ("instant", "", "center")
    assert found["limits"] == {"content_bytes": 1, "channels": 2}
    assert found["push"] == {"tokens": True, "scope": None}
    assert found["listen"]["origins"] == ["https://a.example", "null"]
    assert found["listen"]["port"] == 1


def test_other_protocols_are_told_without_a_secret() -> None:
    apps = (("1", "app-key", "the-secret"), ("2", "other", "its-secret"))
    found = about(pusher_apps=apps, socket_io=True)

    told = {"pusher": {"id": "1", "key": "app-key"}, "socket_io": True}
    assert found["dialects"] == told
    assert "secret" not in str(found["dialects"])


def test_it_is_told_where_browsers_listen() -> None:
    listen = about(ws_public_url="wss://push.example.com/ws")["listen"]

    assert listen["url"] == "wss://push.example.com/ws"
    assert listen["events"] == "https://push.example.com/ws/events"


@pytest.mark.parametrize(
    ("settings", "tokens"),
    [
        ({}, "none"),
        ({"subscribe_secret": SECRET}, "secret"),
        ({"subscribe_jwks_file": "/keys.json"}, "jwks"),
    ],
)
def test_it_is_told_with_what_listeners_tokens_are_signed(
    settings: dict[str, Any], tokens: str
) -> None:
    assert about(**settings)["listen"]["tokens"] == tokens


def test_any_origin_among_others_is_any() -> None:
    assert about(allowed_origins=("https://a.example", "*"))["listen"]["origins"] is None


def test_no_secret_is_told() -> None:
    settings = load(
        {
            "REDIS_URL": "redis+sentinel://me:s3cret@a/m?sentinel_password=s3cret",
            "SUBSCRIBE_SECRET": SECRET,
            "PUSH_TOKENS": f"backend:{TOKEN}",
        }
    )
    http = create_app(settings, FakeQueue(), FakePresenceReader()).test_client()

    assert http.get("/about").status_code == 401
    told = http.get("/about", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert '"kind":"sentinel"' in told.replace(" ", "")
    assert not any(secret in told for secret in ("s3cret", SECRET, TOKEN))
