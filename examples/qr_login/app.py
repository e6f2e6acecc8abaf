"""Log in at a computer with a QR code that a phone scans: the backend of the demo.

A push only says that something has happened. What, the page asks here with its cookie: no message
lets anybody in. Logins are kept in memory, so run one process.
"""

import os
import secrets
import time
from dataclasses import dataclass
from threading import Lock

import segno
from flask import Flask, Response, abort, redirect, render_template, request, session
from flask.typing import ResponseReturnValue as Answer

from message_center_client import Client, ClientError

if SECRET := os.environ.get("SUBSCRIBE_SECRET"):
    import jwt  # PyJWT: only where listeners need a token.

API = os.environ.get("MESSAGE_CENTER_URL", "http://127.0.0.1:2346")
LISTEN = os.environ.get("MESSAGE_CENTER_LISTEN_URL", "ws://127.0.0.1:2345/")  # As pages reach it.
SECONDS = float(os.environ.get("CODE_SECONDS", "120"))  # How long a code lives.
MOST_OPEN = 10_000  # Codes at a time: whoever opens the page makes one.
ORIGIN = "/".join(LISTEN.split("/")[:3])
SOURCES = f"'self' {ORIGIN} {ORIGIN.replace('ws', 'http', 1)}"
POLICY = f"default-src 'none'; script-src {SOURCES}; connect-src {SOURCES}; style-src 'self'; "
POLICY += "img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


@dataclass
class Login:
    """One code on one screen. Only the session that asked for it, `owner`, is ever logged in."""

    owner: str
    asked_by: str  # The phone shows it, so that people see whom they let in.
    ends: float
    code: str  # In the QR code.
    channel: str  # Not in the QR code. It has no dot: no wildcard of another listener matches it.
    state: str = "waiting"
    user: str = ""


class Logins:
    """The codes that can still be used. One that has logged somebody in is forgotten."""

    def __init__(self) -> None:
        self._open: dict[str, Login] = {}
        self._lock = Lock()  # Flask answers in several threads.

    def begin(self, owner: str, asked_by: str) -> Login:
        code, channel = secrets.token_urlsafe(16), f"login:{secrets.token_urlsafe(24)}"
        with self._lock:
            if len(self._open) >= MOST_OPEN:
                del self._open[next(iter(self._open))]  # The oldest.
            self._open[code] = Login(owner, asked_by, time.time() + SECONDS, code, channel)
            return self._open[code]

    def move(self, code: str, state: str, user: str) -> Login | None:
        """None: the code is unknown, too old, or was answered before."""
        with self._lock:
            login = self._open.get(code)
            if not login or login.ends < time.time() or login.state not in ("waiting", "scanned"):
                return None
            login.state, login.user = state, user
            return login

    def look(self, code: str, owner: str) -> tuple[str, str]:
        """State and user, for the page that shows the code. What is confirmed is said once."""
        with self._lock:
            login = self._open.get(code)
            if not login or login.ends < time.time() or login.owner != owner:
                return "expired", ""
            if login.state == "confirmed":
                del self._open[code]
            return login.state, login.user


app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex()
# Cookies do not tell ports apart: a name of its own. With https, set SESSION_COOKIE_SECURE, too.
app.config.update(SESSION_COOKIE_NAME="qr-login", SESSION_COOKIE_SAMESITE="Lax")
logins = Logins()
pusher = Client(API, token=os.environ.get("MESSAGE_CENTER_TOKEN"), patience=5)


def phone_user() -> str:
    """Here each phone is Alice's. Yours: whose session it is, or off to your own login page."""
    return "alice"


@app.before_request
def refuse_other_sites() -> None:
    """A page elsewhere must not confirm with the cookie of whoever looks at it."""
    if request.method == "POST" and request.headers.get("Origin") != request.host_url[:-1]:
        abort(403)


@app.after_request
def protect(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "same-origin"})
    return answer


@app.get("/")
def computer() -> Answer:
    if "user" in session:
        return render_template("computer.html", user=session["user"])
    system = request.user_agent.string.partition("(")[2].partition(")")[0]
    owner = session.setdefault("owner", secrets.token_urlsafe())
    login = logins.begin(owner, f"{system}, {request.remote_addr}")
    address = f"{os.environ.get('PHONE_URL', request.url_root)}phone/{login.code}"
    shown = {"code": login.code, "channel": login.channel, "listen": LISTEN, "seconds": SECONDS}
    if SECRET:  # For this channel only, and as long as the code lives.
        claims = {"channels": [login.channel], "exp": int(login.ends)}
        shown["token"] = jwt.encode(claims, SECRET, "HS256")
    qr = segno.make_qr(address).svg_inline(omitsize=True)
    return render_template("computer.html", qr=qr, address=address, shown=shown)


@app.post("/look")
def look() -> Answer:
    """What has become of a code. If it is confirmed, the session that asked is a user's now."""
    state, user = logins.look(request.form["code"], session.get("owner", ""))
    if state == "confirmed":
        session.clear()
        session["user"] = user
    return {"state": state}


@app.post("/logout")
def logout() -> Answer:
    session.clear()
    return redirect("/")


@app.get("/phone/<code>", defaults={"state": "scanned"})
@app.post("/phone/<code>/<any(confirmed, cancelled):state>")
def phone(code: str, state: str) -> Answer:
    login = logins.move(code, state, phone_user())
    if not login:
        return render_template("phone.html", state="dead"), 410
    try:
        pusher.push(state, channels=[login.channel])
    except ClientError:
        login.state = "cancelled"
        return render_template("phone.html", state="untold"), 503
    return render_template("phone.html", state=state, login=login)
