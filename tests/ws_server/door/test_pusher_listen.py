"""Which handshakes are of Pusher's clients."""

import pytest

from tests.support.pusher_talk import APPS, ONE
from ws_server.door.pusher_listen import pusher_listen


@pytest.mark.parametrize(
    "path", ["/app/key-one", "/app/key-one/", "/prefix/app/key-one", "/r/tab-1/app/key-one"]
)
def test_a_path_that_ends_so_is_of_an_application(path: str) -> None:
    listen = pusher_listen({"PATH_INFO": path, "QUERY_STRING": "protocol=7"}, APPS)

    assert listen is not None
    assert (listen.format_name, listen.app) == ("pusher", ONE)


@pytest.mark.parametrize("path", ["/app/none", "/app/"])
def test_a_key_that_nobody_has_is_of_no_application(path: str) -> None:
    listen = pusher_listen({"PATH_INFO": path}, APPS)

    assert listen is not None
    assert (listen.format_name, listen.app) == ("pusher", None)


@pytest.mark.parametrize("path", ["/", "/app", "/apps/key-one", "/app/key-one/more", "/my-app/x"])
def test_other_paths_are_of_our_own_clients(path: str) -> None:
    assert pusher_listen({"PATH_INFO": path}, APPS) is None


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/app/key-one", ""),
        ("/r/tab-1/app/key-one", "tab-1"),
        ("/ws/r/tab-1/app/key-one", "tab-1"),
        ("/r/r/tab-1/app/key-one", "tab-1"),
        ("/r//app/key-one", ""),
        ("/r/tab/1/app/key-one", ""),
        ("/r/é/app/key-one", ""),
        (f"/r/{'x' * 101}/app/key-one", ""),
    ],
)
def test_a_client_may_have_a_name_before_that(path: str, page: str) -> None:
    listen = pusher_listen({"PATH_INFO": path}, APPS)

    assert listen is not None
    assert (listen.page, listen.client) == (page, "")
