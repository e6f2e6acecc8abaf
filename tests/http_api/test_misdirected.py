from typing import Any

import pytest

from common.refused import Refused
from config.settings import Settings
from http_api.misdirected import refuse_misdirected

PLAIN, SPEAKS = Settings(), Settings(pusher_apps=(("1", "a-key", "a-secret"),))
PUBLIC = Settings(ws_public_url="wss://push.example.com/ws")


def refusal(path: str, settings: Settings, upgrade: str = "") -> Refused:
    environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_UPGRADE": upgrade}
    with pytest.raises(Refused) as refused:
        refuse_misdirected(environ, settings)
    return refused.value


@pytest.mark.parametrize(
    ("path", "upgrade", "named"),
    [
        ("/", "WebSocket", "WebSockets connect at"),
        ("/app/a-key", "websocket", "WebSockets connect at"),
        ("/socket.io/", "", "transports:"),
        ("/any/events", "", "/events is at"),
    ],
)
def test_who_wants_to_listen_is_told_where(path: str, upgrade: str, named: str) -> None:
    for settings, where in ((PLAIN, "port 2345"), (PUBLIC, "push.example.com/ws")):
        refused = refusal(path, settings, upgrade)
        assert refused.error == "wrong_port"
        assert named in refused.reason
        assert where in refused.reason


@pytest.mark.parametrize("path", ["/apps/1/events", "/apps/1/channels/a/users"])
def test_a_backend_with_a_library_of_pusher_is_told_what_to_set(path: str) -> None:
    refused = refusal(path, PLAIN)

    assert (refused.error, "PUSHER_APPS=" in refused.reason) == ("not_spoken", True)
    refuse_misdirected({"PATH_INFO": path}, SPEAKS)


@pytest.mark.parametrize("path", ["/", "/push", "/messages/events", "/apps/1"])
def test_all_else_goes_on(path: str) -> None:
    refuse_misdirected({"PATH_INFO": path}, PLAIN)
