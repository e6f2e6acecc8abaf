from ws_server.clients.owed import Owed
from ws_server.log.chunk import Place


def test_what_is_owed_begins_where_the_socket_was_full() -> None:
    owed = Owed(Place(7, rest=b"rest", skip=3))

    assert (owed.cursor, owed.skip, owed.deferred) == (7, 3, [])
    assert bytes(owed.outbox) == b"rest"


def test_two_clients_at_one_place_have_outboxes_of_their_own() -> None:
    one, other = Owed(Place(7, rest=b"rest")), Owed(Place(7, rest=b"rest"))
    one.outbox += b"more"

    assert bytes(other.outbox) == b"rest"
