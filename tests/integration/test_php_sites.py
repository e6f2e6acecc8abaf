"""The examples for ThinkPHP and Laravel: what their routes push arrives, and what they answer."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from config.cli.embedded import EmbeddedValkey
from tests.support.example_programs import skip_without
from tests.support.php_sites import LARAVEL, THINKPHP, Framework, serving
from tests.support.processes import wait_until
from tests.support.scripted_api import CUT, Reply, answering, refuses
from tests.support.system import System
from tests.support.websocket import LIMIT

TOKEN = "0123456789abcdef-backend"
SUCCESS = (200, {"code": 0, "msg": "success"})
NOTICE = {"order": 4096, "paid": True}
Pushed = list[tuple[object, list[str]]]
FRAMEWORKS = [THINKPHP, LARAVEL]
PUSH = {THINKPHP: "/push", LARAVEL: "/api/push"}
PAID = {THINKPHP: "/push/paid?order=2048", LARAVEL: "/api/orders/4096/paid"}


@pytest.fixture(scope="module")
def system(valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    skip_without("php/curl.php")
    with System(tmp_path_factory.mktemp("sites"), valkey.url) as system:
        system.start_http(PUSH_TOKENS=f"backend:{TOKEN}")
        system.start_ws(DELIVERY="instant")
        yield system


def site(framework: Framework, system: System, folder: Path) -> AbstractContextManager[str]:
    url = f"http://127.0.0.1:{system.http_port}"
    return serving(framework, folder, MESSAGE_CENTER_URL=url, MESSAGE_CENTER_TOKEN=TOKEN)


def post(url: str, **form: str) -> tuple[int, Any]:
    """Status and answer."""
    request = Request(url, urlencode(form).encode(), {"Accept": "application/json"})
    try:
        with urlopen(request, timeout=LIMIT) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def newest(system: System, count: int) -> Pushed:
    """What was pushed, to whom; once nothing waits in the queue any more."""

    def read(path: str) -> Any:
        return system.call(path, Authorization=f"Bearer {TOKEN}")[1]

    wait_until(lambda: read("/stats")["queue"]["length"] == 0, "all is settled")
    answer = read(f"/messages?last={count}")
    return [(each["content"], each["to"]) for each in answer["messages"]]


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=str)
def test_a_site_pushes_and_answers_as_the_original(
    framework: Framework, system: System, tmp_path: Path
) -> None:
    with site(framework, system, tmp_path) as url:
        assert post(url + PUSH[framework], content=f"hello from {framework}") == SUCCESS
        status, answer = post(url + PUSH[framework])

    assert newest(system, 1) == [(f"hello from {framework}", [])]
    assert (status, answer["code"], answer["msg"]) == (200, -1, "内容不能为空")


@pytest.mark.parametrize(
    ("framework", "wanted"),
    [
        (THINKPHP, [("order 2048 is paid", ["orders", "user:42"])]),
        # Each notification is one of its own.
        (
            LARAVEL,
            [(NOTICE, ["user:42"]), ("order 4096 is paid", ["orders"]), (NOTICE, ["user:42"])],
        ),
    ],
    ids=["thinkphp", "laravel"],
)
def test_what_is_asked_for_twice_is_pushed_to_a_channel_once(
    framework: Framework, wanted: Pushed, system: System, tmp_path: Path
) -> None:
    with site(framework, system, tmp_path) as url:
        post(url + PUSH[framework], content="the one before")
        assert post(url + PAID[framework], user="42") == SUCCESS
        assert post(url + PAID[framework], user="42") == SUCCESS

    assert newest(system, len(wanted) + 1) == [("the one before", []), *wanted]


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=str)
def test_a_site_tries_again_under_the_same_id_and_not_before_it_is_told(
    framework: Framework, tmp_path: Path
) -> None:
    skip_without("php/curl.php")
    later = refuses(503, "queue_unavailable", ("Retry-After", "2"))
    with (
        answering(CUT, later, Reply()) as server,
        serving(framework, tmp_path, MESSAGE_CENTER_URL=server.url) as url,
    ):
        answer = post(url + PUSH[framework], content="hello")
        asked = server.asked

    assert answer == SUCCESS
    assert len(asked) == 3
    assert asked[0].body == asked[1].body == asked[2].body
    assert asked[2].at - asked[1].at >= 2.0


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=str)
def test_a_site_does_not_let_people_wait_for_long(framework: Framework, tmp_path: Path) -> None:
    skip_without("php/curl.php")
    later = refuses(503, "queue_unavailable", ("Retry-After", "60"))
    with (
        answering(later) as server,
        serving(framework, tmp_path, MESSAGE_CENTER_URL=server.url) as url,
    ):
        status, answer = post(url + PUSH[framework], content="hello")

    assert (status, answer["error"], len(server.asked)) == (503, "queue_unavailable", 1)


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=str)
def test_a_site_without_a_token_says_so(
    framework: Framework, system: System, tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{system.http_port}"
    with serving(framework, tmp_path, MESSAGE_CENTER_URL=address) as url:
        status, answer = post(url + PUSH[framework], content="hello")

    assert (status, answer["error"]) == (401, "unauthorized")
    assert "a token is needed" in answer["msg"]
