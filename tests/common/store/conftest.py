import socket
from collections.abc import Iterator

import pytest
import redis

from tests.support.store import Center


@pytest.fixture
def address_of_nobody() -> Iterator[str]:
    """Bound, so that no other test gets it, and never listened at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{taken.getsockname()[1]}/0"


@pytest.fixture
def center(client: redis.Redis, key: str) -> Center:
    return Center(client, key)
