"""`/metrics` on the WebSocket port is not there, but for who has its token."""

import pytest
from flask.testing import FlaskClient

from common.metrics.metrics import Metrics
from common.metrics.numbers import Numbers
from tests.support.fakes import FakeAdopter
from ws_server.door.app import create_app
from ws_server.metrics_page import add_metrics

TOKEN = "a-token-of-prometheus"


def client(token: str) -> FlaskClient:
    app = create_app(FakeAdopter())
    add_metrics(app, Metrics(Numbers()), token)
    return app.test_client()


def test_with_the_token_it_is_there() -> None:
    found = client(TOKEN).get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert found.status_code == 200
    assert b"message_center_workers 1.0\n" in found.data


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong-one-of-prometheus"])
def test_for_all_others_it_is_not(token: str, given: str) -> None:
    found = client(token).get("/metrics", headers={"Authorization": given})

    assert (found.status_code, found.json and found.json["error"]) == (404, "not_found")
