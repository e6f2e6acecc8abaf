import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from http_api.app import create_app
from tests.support.fakes import FakePresenceReader, FakeQueue


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def presence() -> FakePresenceReader:
    return FakePresenceReader()


@pytest.fixture
def http(queue: FakeQueue, presence: FakePresenceReader) -> FlaskClient:
    """A client of the API with the default settings."""
    return create_app(Settings(), queue, presence).test_client()
