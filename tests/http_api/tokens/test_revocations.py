"""`/revocations`, over HTTP."""

import logging

import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from tests.support.openapi import validate_response
from tests.support.reads import Stores


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def http(stores: Stores) -> FlaskClient:
    return stores.app().test_client()


def test_one_is_made_listed_and_taken_back(http: FlaskClient) -> None:
    made = http.post("/revocations", json={"user": 42})
    validate_response(made, "POST", "/revocations")
    told = made.get_json()
    assert told["user"] == "42"
    assert told["before"] < told["until"]
    assert http.post("/revocations", json={"jti": "t1"}).get_json()["jti"] == "t1"

    listed = http.get("/revocations")
    validate_response(listed, "GET", "/revocations")
    assert ["jti" in each for each in listed.get_json()["revocations"]] == [True, False]

    for removed in (True, False):
        answer = http.delete("/revocations?user=42")
        validate_response(answer, "DELETE", "/revocations")
        assert answer.get_json()["removed"] is removed
    assert len(http.get("/revocations").get_json()["revocations"]) == 1


def test_pages_have_each_once(http: FlaskClient) -> None:
    for number in range(5):
        http.post("/revocations", json={"jti": f"t{number}"})
    found, after = [], ""
    while after is not None:
        page = http.get(f"/revocations?limit=2&after={after}").get_json()
        found += [each["jti"] for each in page["revocations"]]
        after = page["next"]

    assert found == ["t0", "t1", "t2", "t3", "t4"]


def test_there_are_not_more_than_may_be(http: FlaskClient, stores: Stores) -> None:
    stores.revocations.most = 0

    answer = http.post("/revocations", json={"jti": "t1"})

    validate_response(answer, "POST", "/revocations")
    assert (answer.status_code, answer.get_json()["error"]) == (409, "too_many_revocations")


@pytest.mark.parametrize("query", ["", "?jti=a&user=b", "?usr=42", "?user=42&user=43"])
def test_what_is_to_be_taken_back_must_be_clear(http: FlaskClient, query: str) -> None:
    answer = http.delete(f"/revocations{query}")

    validate_response(answer, "DELETE", "/revocations")
    assert answer.status_code == 422


def test_a_scope_must_permit_to_kick_and_the_log_says_who_asked(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "http_api.app")
    tokens = (("all", "a" * 16, "kick"), ("other", "b" * 16, "push"))
    http = stores.app(Settings(push_tokens=tokens)).test_client()

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token * 16}"}
        return http.post("/revocations", json={"jti": "t1"}, headers=headers).status_code

    assert (status("a"), status("b"), status("c")) == (200, 403, 401)
    told = [(each.getMessage(), each.__dict__["told"].get("by")) for each in caplog.records]
    line = "POST /revocations"
    assert told == [(line, "all"), (f"refused {line}", "other"), (f"refused {line}", None)]
