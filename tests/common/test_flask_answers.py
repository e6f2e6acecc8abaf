"""Failures in views, as Flask answers them on both ports."""

import json
import logging

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient
from werkzeug.exceptions import ImATeapot, MethodNotAllowed, NotFound, RequestEntityTooLarge

from common.flask_answers import answer_failures, speak_json, translated
from common.refused import JSON, Refused


@pytest.fixture
def http() -> FlaskClient:
    app = Flask("failing")
    speak_json(app)
    answer_failures(app, logging.getLogger("failing"))

    @app.get("/refused")
    def refused() -> str:
        raise Refused("unavailable", "消息", {"Retry-After": "5"})

    @app.get("/crashed")
    def crashed() -> str:
        raise ZeroDivisionError

    @app.after_request
    def share(response: Response) -> Response:
        if request.path == "/unfinished":
            raise ZeroDivisionError
        return response

    return app.test_client()


def test_a_refusal_is_answered_with_its_status_headers_and_body(http: FlaskClient) -> None:
    response = http.get("/refused")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.headers["Content-Type"] == JSON
    assert response.data == Refused("unavailable", "消息").body()


def test_what_nobody_foresaw_is_logged_and_not_told(
    http: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = http.get("/crashed")

    assert (response.status_code, json.loads(response.data)["error"]) == (500, "internal_error")
    assert caplog.records[0].getMessage().startswith("GET /crashed failed (request ")
    assert "ZeroDivisionError" in caplog.text
    assert "Zero" not in response.text


def test_a_failure_behind_the_views_is_a_failure_of_the_server(http: FlaskClient) -> None:
    http.application.config["PROPAGATE_EXCEPTIONS"] = False

    response = http.get("/unfinished")

    assert (response.status_code, json.loads(response.data)["error"]) == (500, "internal_error")


def test_a_wrong_method_is_told_the_right_ones(http: FlaskClient) -> None:
    response = http.post("/refused")

    assert json.loads(response.data)["error"] == "method_not_allowed"
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert json.loads(response.data)["msg"] == "this path takes only GET, HEAD, OPTIONS"


def test_a_path_that_is_not_there_is_told_where_they_are_listed(http: FlaskClient) -> None:
    answer = json.loads(http.get("/nowhere").data)

    assert (answer["error"], "/docs" in answer["msg"]) == ("not_found", True)


def test_what_flask_refuses_has_the_names_of_the_table() -> None:
    told = [translated(each) for each in (NotFound(), MethodNotAllowed(), RequestEntityTooLarge())]

    assert [(each.error, each.status) for each in told] == [
        ("not_found", 404),
        ("method_not_allowed", 405),
        ("request_entity_too_large", 413),
    ]


def test_what_is_not_in_the_table_is_a_bad_request() -> None:
    assert (translated(ImATeapot()).error, translated(ImATeapot()).status) == ("bad_request", 400)
