"""The rules of the QR login: who is logged in, by whom, and once."""

import re
import runpy

import jwt
import pytest
import segno
from flask.testing import FlaskClient

from examples.qr_login import app as demo
from message_center_client import ClientError
from tests.support.keys import SECRET

SITE = {"Origin": "http://localhost"}


class FakePusher:
    """Notes what is pushed, and to which channels."""

    def __init__(self) -> None:
        self.pushed: list[tuple[str, list[str]]] = []
        self.is_down = False

    def push(self, content: str, channels: list[str]) -> None:
        if self.is_down:
            raise ClientError
        self.pushed.append((content, channels))


class Clock:
    """The time, as the demo sees it."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def pusher(monkeypatch: pytest.MonkeyPatch) -> FakePusher:
    pusher = FakePusher()
    monkeypatch.setattr(demo, "pusher", pusher)
    monkeypatch.setattr(demo, "logins", demo.Logins())
    return pusher


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(demo, "time", clock)
    return clock


@pytest.fixture
def computer() -> FlaskClient:
    return demo.app.test_client()


@pytest.fixture
def phone() -> FlaskClient:
    return demo.app.test_client()


def shown(page: str) -> dict[str, str]:
    """What the page knows of its code."""
    found = re.search(r"data-shown='(.+?)'", page)
    assert found
    values: dict[str, str] = demo.app.json.loads(found[1])
    return values


def open_page(computer: FlaskClient) -> dict[str, str]:
    return shown(computer.get("/").text)


def look(computer: FlaskClient, code: str) -> str:
    answer = computer.post("/look", data={"code": code}, headers=SITE)
    return str(answer.get_json()["state"])


def answer(phone: FlaskClient, code: str, state: str = "confirmed") -> int:
    return phone.post(f"/phone/{code}/{state}", headers=SITE).status_code


def test_who_asked_is_logged_in_when_the_phone_confirms(
    computer: FlaskClient, phone: FlaskClient, pusher: FakePusher
) -> None:
    login = open_page(computer)
    code, channel = login["code"], login["channel"]
    assert look(computer, code) == "waiting"
    assert "alice" in phone.get(f"/phone/{code}").text
    assert look(computer, code) == "scanned"
    assert answer(phone, code) == 200
    assert look(computer, code) == "confirmed"

    assert '<b id="user">alice</b>' in computer.get("/").text
    with computer.session_transaction() as session:
        assert dict(session) == {"user": "alice"}  # Nothing of before.
    assert pusher.pushed == [("scanned", [channel]), ("confirmed", [channel])]


def test_the_channel_is_told_to_the_page_with_the_code_only(
    computer: FlaskClient, phone: FlaskClient
) -> None:
    first, second = open_page(computer), open_page(computer)

    assert first["channel"] != second["channel"]
    assert first["code"] not in first["channel"]
    assert "." not in first["channel"]  # Or `login.*` would hear it.
    assert first["channel"] not in phone.get(f"/phone/{first['code']}").text


def test_a_session_that_did_not_ask_is_not_logged_in_and_takes_nothing_away(
    computer: FlaskClient, phone: FlaskClient
) -> None:
    code = open_page(computer)["code"]
    stranger = demo.app.test_client()
    open_page(stranger)
    answer(phone, code)

    assert look(stranger, code) == "expired"
    assert look(demo.app.test_client(), code) == "expired"  # It has no session at all.
    assert 'id="user"' not in stranger.get("/").text
    assert look(computer, code) == "confirmed"


def test_a_code_that_was_used_is_dead(computer: FlaskClient, phone: FlaskClient) -> None:
    code = open_page(computer)["code"]
    before = computer.get_cookie("qr-login")
    answer(phone, code)
    look(computer, code)

    assert phone.get(f"/phone/{code}").status_code == 410
    assert answer(phone, code) == 410
    assert before
    replaying = demo.app.test_client()
    replaying.set_cookie("qr-login", before.value)
    assert look(replaying, code) == "expired"


@pytest.mark.parametrize("first", ["confirmed", "cancelled"])
@pytest.mark.parametrize("second", ["confirmed", "cancelled"])
def test_the_phone_answers_once(
    computer: FlaskClient, phone: FlaskClient, first: str, second: str
) -> None:
    code = open_page(computer)["code"]

    assert answer(phone, code, first) == 200
    assert answer(phone, code, second) == 410
    assert look(computer, code) == first


def test_nobody_is_logged_in_after_a_cancel(computer: FlaskClient, phone: FlaskClient) -> None:
    code = open_page(computer)["code"]
    answer(phone, code, "cancelled")

    assert look(computer, code) == "cancelled"
    assert 'id="user"' not in computer.get("/").text


def test_a_code_is_dead_after_its_time(
    computer: FlaskClient, phone: FlaskClient, clock: Clock
) -> None:
    unanswered, confirmed = open_page(computer)["code"], open_page(computer)["code"]
    answer(phone, confirmed)
    clock.now += demo.SECONDS + 1

    assert phone.get(f"/phone/{unanswered}").status_code == 410
    assert answer(phone, unanswered) == 410
    assert look(computer, unanswered) == "expired"
    assert look(computer, confirmed) == "expired"


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://localhost:81"])
@pytest.mark.parametrize("path", ["/phone/{}/confirmed", "/phone/{}/cancelled", "/look", "/logout"])
def test_a_post_of_another_site_is_refused(
    computer: FlaskClient, phone: FlaskClient, origin: str | None, path: str
) -> None:
    code = open_page(computer)["code"]
    headers = {} if origin is None else {"Origin": origin}

    refused = phone.post(path.format(code), data={"code": code}, headers=headers)

    assert refused.status_code == 403
    assert look(computer, code) == "waiting"


def test_a_link_alone_confirms_nothing(computer: FlaskClient, phone: FlaskClient) -> None:
    code = open_page(computer)["code"]

    assert phone.get(f"/phone/{code}/confirmed").status_code == 405
    assert look(computer, code) == "waiting"


@pytest.mark.parametrize("state", ["waiting", "scanned", "expired", "in"])
def test_a_phone_can_only_confirm_or_cancel(
    computer: FlaskClient, phone: FlaskClient, state: str
) -> None:
    code = open_page(computer)["code"]

    assert answer(phone, code, state) == 404
    assert look(computer, code) == "waiting"


def test_what_the_computer_cannot_be_told_is_not_done(
    computer: FlaskClient, phone: FlaskClient, pusher: FakePusher
) -> None:
    code = open_page(computer)["code"]
    phone.get(f"/phone/{code}")
    pusher.is_down = True

    assert answer(phone, code) == 503
    assert look(computer, code) == "cancelled"


def test_a_token_is_for_the_channel_of_the_page_and_ends_with_the_code(
    computer: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "SECRET", SECRET)
    monkeypatch.setattr(demo, "jwt", jwt, raising=False)

    login = open_page(computer)
    claims = jwt.decode(login["token"], SECRET, ["HS256"], options={"verify_exp": False})

    assert claims == {"channels": [login["channel"]], "exp": int(clock.now + demo.SECONDS)}


def test_the_oldest_code_makes_room_where_too_many_are_open(
    computer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "MOST_OPEN", 2)
    codes = [open_page(computer)["code"] for _ in range(3)]

    assert [look(computer, code) for code in codes] == ["expired", "waiting", "waiting"]


def test_the_picture_is_the_address_for_the_phone(computer: FlaskClient) -> None:
    page = computer.get("/", base_url="http://192.168.1.5:5050").text
    address = f"http://192.168.1.5:5050/phone/{shown(page)['code']}"

    assert segno.make_qr(address).svg_inline(omitsize=True) in page
    assert f'href="{address}"' in page


def test_a_phone_can_have_another_address_than_the_page(
    computer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONE_URL", "http://192.168.1.5:5050/")
    page = computer.get("/").text

    assert f'href="http://192.168.1.5:5050/phone/{shown(page)["code"]}"' in page


def test_logging_out_ends_the_session(computer: FlaskClient, phone: FlaskClient) -> None:
    code = open_page(computer)["code"]
    answer(phone, code)
    look(computer, code)

    assert computer.post("/logout", headers=SITE).status_code == 302
    assert "data-shown" in computer.get("/").text


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "扫码登录"),
        ("en-US,en;q=0.9,zh-CN;q=0.8,zh;q=0.7", "Log in with your phone"),
        ("fr", "Log in with your phone"),
    ],
)
def test_the_page_speaks_the_language_of_the_browser(
    computer: FlaskClient, languages: str, said: str
) -> None:
    assert said in computer.get("/", headers={"Accept-Language": languages}).text


def test_the_phone_is_shown_who_asks_as_text(phone: FlaskClient) -> None:
    computer = demo.app.test_client()
    agent = {"User-Agent": "Mozilla/5.0 (<script>; x)"}
    code = shown(computer.get("/", headers=agent).text)["code"]

    assert "&lt;script&gt;; x, 127.0.0.1" in phone.get(f"/phone/{code}").text


def test_no_page_may_be_framed_kept_or_run_foreign_code(computer: FlaskClient) -> None:
    for answered in (computer.get("/"), computer.get("/phone/x")):
        policy = answered.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answered.headers["Cache-Control"] == "no-store"
        assert "style=" not in answered.text


def test_the_websocket_server_can_be_behind_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its `/client.js` is not."""
    monkeypatch.setenv("MESSAGE_CENTER_LISTEN_URL", "wss://push.example.com/ws")
    policy = runpy.run_path(demo.__file__)["POLICY"]

    for kind in ("script", "connect"):
        assert f"{kind}-src 'self' wss://push.example.com https://push.example.com;" in policy


def test_both_languages_say_the_same() -> None:
    source = demo.app.jinja_env.from_string(
        '{% from "texts.html" import texts with context %}{{ texts|tojson }}'
    )
    with demo.app.test_request_context():
        texts = demo.app.json.loads(source.render())

    assert texts["en"].keys() == texts["zh"].keys()
