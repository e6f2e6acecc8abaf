import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def address_of_nobody() -> Iterator[str]:
    """Bound, so that no other test gets it, and never listened at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
