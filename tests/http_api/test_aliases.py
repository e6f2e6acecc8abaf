import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from http_api.aliases import is_push
from http_api.app import create_app
from tests.support.fakes import FakePresenceReader, FakeQueue

NAMES = ["/push/", "/push/index", "/push/index/", "/push.html", "/push/index.html", "/Push"]
NAMES += ["/PUSH/Index", "/index.php/push", "/index.php/push/index", "/index.php/Push/index.html"]
NAMES += ["/index.php?s=/push", "/index.php?s=push/index", "/?s=/push", "/?s=%2FPush%2Findex"]
OTHERS = ["/pushes", "/push/indexes", "/push/push", "/index.php", "/push.php", "/a/push", "/?s=/a"]


@pytest.mark.parametrize("name", ["/push", "//push", *NAMES])
def test_the_names_of_push_are_known(name: str) -> None:
    path, _, query = name.partition("?")

    assert is_push(path, query)


@pytest.mark.parametrize("name", ["", "/", "/push/batch", "/push?s=/push/batch", *OTHERS])
def test_other_names_are_none_of_push(name: str) -> None:
    path, _, query = name.partition("?")

    assert is_push(path, query) is (path == "/push")


@pytest.mark.parametrize("name", NAMES)
def test_other_names_of_push_are_push(http: FlaskClient, queue: FakeQueue, name: str) -> None:
    end = "&" if "?" in name else "?"

    assert http.get(f"{name}{end}content=a").get_json() == {"code": 0, "msg": "success"}
    assert http.post(name, data={"content": "b"}).get_json() == {"code": 0, "msg": "success"}
    assert http.post(name, json={"content": "c"}).get_json() == {"code": 0, "msg": "success"}
    assert queue.take() == [b"a", b"b", b"c"]


@pytest.mark.parametrize("name", NAMES)
def test_methods_are_the_same_under_every_name(
    http: FlaskClient, queue: FakeQueue, name: str
) -> None:
    for method in ("HEAD", "PUT", "DELETE"):
        response = http.open(name, method=method, query_string=None)
        assert response.status_code == 405
        assert response.headers["Allow"] == "GET, OPTIONS, POST"
    assert queue.pushes == []


@pytest.mark.parametrize("name", NAMES)
def test_every_name_needs_the_token(queue: FakeQueue, name: str) -> None:
    settings = Settings(push_tokens=(("a", "0123456789abcdef"),))
    http = create_app(settings, queue, FakePresenceReader()).test_client()

    assert http.post(name, data={"content": "a"}).status_code == 401
    assert queue.pushes == []


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_else_is_push(http: FlaskClient, queue: FakeQueue, name: str) -> None:
    assert http.get(name, query_string=None).status_code in (200, 404)
    assert http.post(name, data={"content": "a"}).status_code in (404, 405)
    assert queue.pushes == []


def test_slashes_before_it_do_not_matter(http: FlaskClient, queue: FakeQueue) -> None:
    environ = {"PATH_INFO": "//push"}  # The test client takes the name for a host's.

    assert http.get("/?content=a", environ_overrides=environ).status_code == 200
    assert queue.pushes == [[b"a"]]


def test_a_batch_has_one_name(http: FlaskClient, queue: FakeQueue) -> None:
    for name in ("/push/batch/", "/Push/batch", "/index.php/push/batch"):
        assert http.post(name, json=["a"]).status_code == 404
    assert queue.pushes == []
