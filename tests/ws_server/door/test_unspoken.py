import pytest

from common.pusher.apps import Apps
from common.refused import Refused
from ws_server.door.policy import OPEN, Policy
from ws_server.door.unspoken import refuse_unspoken

PUSHER_JS = ("/r/tab-1/app/a-key", "protocol=7&client=js&version=8.6.0&flash=false")
SOCKET_IO = ("/ws/socket.io/", "EIO=4&transport=websocket")
SPEAKS = Policy(apps=Apps([("1", "a-key", "a-secret")]), socket_io=True)


def environ(asked: tuple[str, str]) -> dict[str, str]:
    return {"PATH_INFO": asked[0], "QUERY_STRING": asked[1]}


@pytest.mark.parametrize(("asked", "named"), [(PUSHER_JS, "PUSHER_APPS"), (SOCKET_IO, "SOCKET_IO")])
def test_a_library_whose_protocol_is_not_spoken_is_told_what_to_set(
    asked: tuple[str, str], named: str
) -> None:
    with pytest.raises(Refused) as refused:
        refuse_unspoken(environ(asked), OPEN)

    assert (refused.value.status, refused.value.error) == (400, "not_spoken")
    assert named in refused.value.reason
    refuse_unspoken(environ(asked), SPEAKS)


@pytest.mark.parametrize(
    "asked",
    [
        ("/", ""),
        ("/app/a-key", ""),
        ("/app/a-key", "channels=a&client=me"),
        ("/socket.io/", "channels=a"),
        ("/", "protocol=7&EIO=4"),
    ],
)
def test_a_path_alone_is_anybody_s(asked: tuple[str, str]) -> None:
    refuse_unspoken(environ(asked), OPEN)
