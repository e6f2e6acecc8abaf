import pytest

from common.refused import Refused
from ws_server.door.misdirected import refuse_misdirected, where_to_push


@pytest.mark.parametrize(
    "path",
    [
        "/push",
        "/push.html",
        "/push/batch",
        "/push/index",
        "/index.php/push",
        "/at/a/prefix/push",
        "/users/42",
        "/users/42/connections",
        "/channels/orders.eu",
        "/openapi.json",
        "/apps/3/events",
        "/apps/3/channels",
        "/apps/3/channels/presence-a/users",
        "/apps/3/users/42/terminate_connections",
    ],
)
def test_what_is_the_http_api_s_is_told_its_port(path: str) -> None:
    with pytest.raises(Refused) as refused:
        refuse_misdirected(path, "push.example:2345", 2346)

    assert (refused.value.status, refused.value.error) == (400, "wrong_port")
    assert "http://push.example:2346/push" in refused.value.reason


@pytest.mark.parametrize("path", ["/", "/events", "/pushed", "/push/x", "/users", "/users/", "/a"])
def test_what_may_be_for_who_listens_is_let_through(path: str) -> None:
    refuse_misdirected(path, "push.example:2345", 2346)


@pytest.mark.parametrize(
    ("host", "name"),
    [("a.example", "a.example"), ("a.example:1", "a.example"), ("[::1]:2345", "[::1]")],
)
def test_the_name_is_that_of_the_request(host: str, name: str) -> None:
    assert where_to_push(host, 80) == f"push at port 80, http://{name}:80/push"
