"""What is told of requests, and the ids of their answers."""

import logging

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient

from common.flask_answers import answer_failures
from common.flask_requests import tell_requests
from common.journal import request_id
from common.refused import Refused

log = logging.getLogger("requests")
ID = {request_id.HEADER: "mine-1"}


@pytest.fixture
def http(caplog: pytest.LogCaptureFixture) -> FlaskClient:
    caplog.set_level(logging.INFO, "requests")
    app = Flask(__name__)

    @app.route("/users/<user>", methods=["GET", "DELETE"])
    def user(user: str) -> Response:
        if user == "nobody":
            raise Refused("bad_user", f"no such user: {user}")
        return Response(user)

    answer_failures(app, log)
    tell_requests(app, log, lambda: request.headers.get("By"))
    return app.test_client()


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [{"msg": each.getMessage(), **each.__dict__["told"]} for each in caplog.records]


def test_a_refusal_is_told_by_its_route_and_never_by_its_address(
    http: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = http.get("/users/nobody?token=S3CRET")
    http.get("/S3CRET")

    (refused, missing) = told(caplog)
    assert refused == {
        "msg": "refused GET /users/<user>",
        "status": 422,
        "error": "bad_user",
        "address": "127.0.0.1",
        "request": answer.headers[request_id.HEADER],
    }
    assert missing["msg"] == "refused GET (no route)"
    assert "S3CRET" not in str(told(caplog))


def test_the_callers_id_is_given_back_and_told(
    http: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert http.get("/users/nobody", headers=ID).headers[request_id.HEADER] == "mine-1"
    assert http.delete("/users/42", headers=ID).headers[request_id.HEADER] == "mine-1"

    assert [each["request"] for each in told(caplog)] == ["mine-1", "mine-1"]


def test_an_answer_that_is_no_refusal_has_no_id_that_nobody_asked_for(http: FlaskClient) -> None:
    assert request_id.HEADER not in http.get("/users/42").headers
    assert request_id.HEADER not in http.get("/users/42", headers={"X-Request-Id": "a b"}).headers


def test_what_changes_something_is_told_at_info_and_what_reads_at_debug(
    http: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    http.get("/users/42")
    http.delete("/users/42")

    assert told(caplog) == [{"msg": "DELETE /users/<user>", "status": 200}]


def test_who_has_asked_is_told(http: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    for user in ("42", "nobody"):
        http.delete(f"/users/{user}", headers={"By": "shop"})

    assert [each["by"] for each in told(caplog)] == ["shop", "shop"]
