import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from http_api.app import create_app
from tests.support.fakes import FakeQueue, FakeRoster


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def roster() -> FakeRoster:
    return FakeRoster()


@pytest.fixture
def http(queue: FakeQueue, roster: FakeRoster) -> FlaskClient:
    """A client of the API with the default settings."""
    return create_app(Settings(), queue, roster).test_client()
