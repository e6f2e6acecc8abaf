"""The rules of the bell: who is told what, and as whom somebody acts."""

import importlib
import runpy
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from message_center_client import ClientError
from tests.support.keys import SECRET, in_seconds

SITE = {"Origin": "http://localhost"}


class FakePusher:
    """Notes what is pushed, and to which users."""

    def __init__(self) -> None:
        self.pushed: list[tuple[Any, list[str]]] = []
        self.is_down = False

    def push(self, content: Any, users: list[str]) -> None:
        if self.is_down:
            raise ClientError
        self.pushed.append((content, users))


@pytest.fixture(scope="module")
def demo() -> Any:
    """Its module, which does not start without a secret."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUBSCRIBE_SECRET", SECRET)
        return importlib.import_module("examples.bell.app")


@pytest.fixture(autouse=True)
def pusher(demo: Any, monkeypatch: pytest.MonkeyPatch) -> FakePusher:
    pusher = FakePusher()
    monkeypatch.setattr(demo, "pusher", pusher)
    monkeypatch.setattr(demo, "notes", demo.Notes())
    return pusher


class User:
    """A browser in which somebody has logged in, and the page of this user."""

    def __init__(self, demo: Any, name: str) -> None:
        self.http: FlaskClient = demo.app.test_client()
        self.name = name
        assert self.log_in(name) == 302

    def log_in(self, name: str) -> int:
        return self.http.post("/login", data={"user": name}, headers=SITE).status_code

    def post(self, path: str, **fields: object) -> Any:
        headers = {**SITE, "X-User": self.name}
        return self.http.post(path, data=fields, headers=headers)

    def notes(self) -> Any:
        return self.http.get("/notes", headers={"X-User": self.name}).get_json()


@pytest.fixture
def alice(demo: Any) -> User:
    return User(demo, "alice")


@pytest.fixture
def bob(demo: Any) -> User:
    return User(demo, "bob")


def test_a_note_is_pushed_to_its_user_only_and_kept(
    alice: User, bob: User, pusher: FakePusher
) -> None:
    told = alice.post("/notify", user="bob", text=" hello ")
    (note,) = bob.notes()["notes"]

    assert told.get_json() == {"is_told": True}
    assert pusher.pushed == [({"note": note}, ["bob"])]
    assert (note["id"], note["from"], note["text"]) == (1, "alice", "hello")
    assert alice.notes() == {"notes": [], "read": 0}
    bob.post("/notify", user="alice", text="hi")
    assert pusher.pushed[1:] == [({"note": alice.notes()["notes"][0]}, ["alice"])]


def test_a_note_that_cannot_be_pushed_is_kept(alice: User, bob: User, pusher: FakePusher) -> None:
    pusher.is_down = True

    assert alice.post("/notify", user="bob", text="hello").get_json() == {"is_told": False}
    assert [note["text"] for note in bob.notes()["notes"]] == ["hello"]


@pytest.mark.parametrize(
    ("user", "text"), [("eve", "hello"), ("", "hello"), ("bob", " "), ("bob", "x" * 201)]
)
def test_what_is_for_nobody_or_too_long_is_refused(
    alice: User, pusher: FakePusher, user: str, text: str
) -> None:
    assert alice.post("/notify", user=user, text=text).status_code == 400
    assert pusher.pushed == []


def test_what_is_read_is_told_to_the_other_pages_of_the_user(
    alice: User, bob: User, pusher: FakePusher
) -> None:
    for text in ("one", "two"):
        alice.post("/notify", user="bob", text=text)

    assert bob.post("/read", up_to=1).get_json() == {"read": 1}
    assert pusher.pushed[-1] == ({"read": 1}, ["bob"])
    assert bob.notes()["read"] == 1
    assert alice.notes()["read"] == 0


@pytest.mark.parametrize(("up_to", "mark"), [(0, 1), (-5, 1), ("x", 1), (2, 2), (99, 2)])
def test_what_was_read_stays_read_and_what_is_to_come_is_not(
    alice: User, bob: User, up_to: object, mark: int
) -> None:
    for text in ("one", "two"):
        alice.post("/notify", user="bob", text=text)
    bob.post("/read", up_to=1)

    assert bob.post("/read", up_to=up_to).get_json() == {"read": mark}


def test_a_token_is_for_who_is_logged_in_and_ends_soon(demo: Any, alice: User) -> None:
    token = alice.post("/token").get_json()["token"]
    claims = jwt.decode(token, SECRET, ["HS256"])

    assert claims["sub"] == "alice"
    assert claims.keys() == {"sub", "exp"}
    assert in_seconds(0) < claims["exp"] <= in_seconds(demo.TOKEN_SECONDS)


@pytest.mark.parametrize("path", ["/token", "/read", "/notify"])
def test_who_is_not_logged_in_and_who_is_somebody_else_now_is_told_so(
    demo: Any, alice: User, pusher: FakePusher, path: str
) -> None:
    fields = {"user": "bob", "text": "hello"}
    stranger = demo.app.test_client()
    headers = {**SITE, "X-User": "alice"}

    assert stranger.post(path, data=fields, headers=headers).status_code == 401
    assert stranger.get("/notes", headers=headers).status_code == 401
    alice.log_in("bob")  # In another tab, say.
    assert alice.post(path, **fields).status_code == 401
    alice.post("/logout")
    assert alice.post(path, **fields).status_code == 401
    assert pusher.pushed == []


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example"])
@pytest.mark.parametrize("path", ["/login", "/logout", "/token", "/read", "/notify"])
def test_a_post_of_another_site_is_refused(alice: User, origin: str | None, path: str) -> None:
    headers = {"X-User": "alice"} if origin is None else {"X-User": "alice", "Origin": origin}
    fields = {"user": "bob", "text": "hello"}

    assert alice.http.post(path, data=fields, headers=headers).status_code == 403
    assert alice.notes() == {"notes": [], "read": 0}


def test_nobody_logs_in_under_a_name_that_is_not_known(demo: Any) -> None:
    browser = demo.app.test_client()

    assert browser.post("/login", data={"user": "eve"}, headers=SITE).status_code == 400


def test_only_the_newest_notes_are_kept(demo: Any, alice: User, bob: User) -> None:
    for number in range(demo.KEPT + 1):
        alice.post("/notify", user="bob", text=number)

    kept = [note["text"] for note in bob.notes()["notes"]]
    assert kept == [str(number) for number in range(1, demo.KEPT + 1)]


def test_it_does_not_start_without_a_secret(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBSCRIBE_SECRET", "short")

    with pytest.raises(SystemExit, match="SUBSCRIBE_SECRET"):
        runpy.run_path(demo.__file__)


def test_no_page_may_be_framed_kept_or_run_foreign_code(alice: User) -> None:
    answered = alice.http.get("/")
    policy = answered.headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answered.headers["Cache-Control"] == "no-store"
    assert "style=" not in answered.text


def test_the_websocket_server_can_be_behind_a_path(
    demo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its `/client.js` is not."""
    monkeypatch.setenv("MESSAGE_CENTER_LISTEN_URL", "wss://push.example.com/ws")
    monkeypatch.setenv("SUBSCRIBE_SECRET", SECRET)
    policy = runpy.run_path(demo.__file__)["POLICY"]

    for kind in ("script", "connect"):
        assert f"{kind}-src 'self' wss://push.example.com https://push.example.com;" in policy


def test_both_languages_say_the_same(demo: Any) -> None:
    source = demo.app.jinja_env.from_string(
        '{% from "texts.html" import texts with context %}{{ texts|tojson }}'
    )
    with demo.app.test_request_context():
        texts = demo.app.json.loads(source.render())

    assert texts["en"].keys() == texts["zh"].keys()
