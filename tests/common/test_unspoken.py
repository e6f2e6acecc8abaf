import pytest

from common.unspoken import OF_BACKENDS, is_of_socketio, without_pusher, without_socketio


@pytest.mark.parametrize(
    ("path", "is_theirs"),
    [
        ("/apps/1/events", True),
        ("/apps/1/channels/presence-a/users", True),
        ("/apps/1/users/42/terminate_connections", True),
        ("/apps/1/eventsource", False),
        ("/apps/1", False),
        ("/my/apps/1/events", False),
    ],
)
def test_backends_with_a_library_of_pusher_are_known_by_the_path(
    path: str, is_theirs: bool
) -> None:
    assert bool(OF_BACKENDS(path)) is is_theirs


@pytest.mark.parametrize(
    ("path", "is_theirs"), [("/socket.io/", True), ("/ws/socket.io", True), ("/socket.io/x", False)]
)
def test_clients_of_socket_io_are_known_by_the_path(path: str, is_theirs: bool) -> None:
    assert is_of_socketio(path) is is_theirs


def test_what_to_set_is_said() -> None:
    assert "PUSHER_APPS=" in without_pusher().reason
    assert "SOCKET_IO=1" in without_socketio().reason
