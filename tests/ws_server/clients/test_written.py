"""Up to where a socket has taken everything."""

from collections.abc import Iterator

import pytest

from tests.support.receipts import Hall, at_of
from ws_server.clients.written import written_upto


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.close()


def test_of_a_message_whose_end_is_left_it_is_not_taken(hall: Hall) -> None:
    client = hall.join(0)
    hall.publish(1, [(), (), ()])
    assert written_upto(client) == at_of(3)

    slow = hall.join(1)
    assert written_upto(slow) == at_of(1)
    hall.place(slow, 2)
    assert slow.owed is not None
    slow.owed.outbox += b"rest"
    assert written_upto(slow) == (at_of(2)) - 1
