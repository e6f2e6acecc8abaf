"""A bell that counts unread notifications: the backend of the demo.

The notifications are this backend's: here in memory, so run one process; yours are in a database.
A push brings one sooner, and a page that has missed any asks for all. No page polls.
"""

import os
import secrets
import time
from collections import deque
from threading import Lock
from typing import Any

import jwt
from flask import Flask, Response, abort, redirect, render_template, request, session
from flask.typing import ResponseReturnValue as Answer

from message_center_client import Client, ClientError

API = os.environ.get("MESSAGE_CENTER_URL", "http://127.0.0.1:2346")
LISTEN = os.environ.get("MESSAGE_CENTER_LISTEN_URL", "ws://127.0.0.1:2345/")  # As pages reach it.
SECRET = os.environ.get("SUBSCRIBE_SECRET", "")
if len(SECRET) < 32:
    raise SystemExit("SUBSCRIBE_SECRET must be set, to what the servers have: 32 bytes or more")
TOKEN_SECONDS = int(os.environ.get("TOKEN_SECONDS", "300"))
ORIGIN = "/".join(LISTEN.split("/")[:3])
SOURCES = f"'self' {ORIGIN} {ORIGIN.replace('ws', 'http', 1)}"
POLICY = f"default-src 'none'; script-src {SOURCES}; connect-src {SOURCES}; style-src 'self'; "
POLICY += "img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
USERS = ("alice", "bob")  # Yours are those who can log in.
LONGEST, KEPT = 200, 50  # Characters of a notification, and how many each user has.


class Notes:
    """Everybody's notifications, and up to which of them they are read."""

    def __init__(self) -> None:
        self._of = {user: deque[dict[str, Any]](maxlen=KEPT) for user in USERS}
        self._read = dict.fromkeys(USERS, 0)
        self._last = 0
        self._lock = Lock()  # Flask answers in several threads.

    def add(self, user: str, sender: str, text: str) -> dict[str, Any]:
        with self._lock:
            self._last += 1
            note = {"id": self._last, "from": sender, "text": text, "time": time.time()}
            self._of[user].append(note)
            return note

    def mark(self, user: str, up_to: int) -> int:
        """Up to which notification all are read now. It never goes back, nor beyond the last."""
        with self._lock:
            self._read[user] = max(self._read[user], min(up_to, self._last))
            return self._read[user]

    def of(self, user: str) -> dict[str, Any]:
        with self._lock:
            return {"notes": list(self._of[user]), "read": self._read[user]}


app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex()
# Cookies do not tell ports apart: a name of its own. With https, set SESSION_COOKIE_SECURE, too.
app.config.update(SESSION_COOKIE_NAME="bell", SESSION_COOKIE_SAMESITE="Lax")
notes = Notes()
pusher = Client(API, token=os.environ.get("MESSAGE_CENTER_TOKEN"), patience=5)


def me() -> str:
    """Whose session it is. A page of somebody else, left open in a tab, gets 401 and reloads."""
    user = session.get("user")
    if user is None or request.headers.get("X-User") != user:
        abort(401)
    return str(user)


def push(user: str, content: dict[str, Any]) -> bool:
    """To all pages of this user. Whether it is on its way: otherwise they see it when they load."""
    try:
        pusher.push(content, users=[user])
    except ClientError:
        return False
    return True


@app.before_request
def refuse_other_sites() -> None:
    """A page elsewhere must not act with the cookie of whoever looks at it."""
    if request.method == "POST" and request.headers.get("Origin") != request.host_url[:-1]:
        abort(403)


@app.after_request
def protect(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "same-origin"})
    return answer


@app.get("/")
def index() -> Answer:
    return render_template("bell.html", user=session.get("user"), users=USERS, listen=LISTEN)


@app.post("/login")
def login() -> Answer:
    """Here anybody can be anybody. Yours asks for a password, or for a phone: ../qr_login."""
    if request.form.get("user") not in USERS:
        abort(400)
    session["user"] = request.form["user"]
    return redirect("/")


@app.post("/logout")
def logout() -> Answer:
    session.clear()
    return redirect("/")


@app.post("/token")
def token() -> Answer:
    """The page asks for one before each connect. As user 42 it hears what is pushed to user 42."""
    claims = {"sub": me(), "exp": int(time.time()) + TOKEN_SECONDS}
    return {"token": jwt.encode(claims, SECRET, "HS256")}


@app.get("/notes")
def all_notes() -> Answer:
    return notes.of(me())


@app.post("/notify")
def notify() -> Answer:
    sender, user = me(), request.form.get("user")
    text = request.form.get("text", "").strip()
    if user not in USERS or not 0 < len(text) <= LONGEST:
        abort(400)
    return {"is_told": push(user, {"note": notes.add(user, sender, text)})}


@app.post("/read")
def read() -> Answer:
    """Tells the other tabs and devices of this user, too."""
    user = me()
    mark = notes.mark(user, request.form.get("up_to", 0, int))
    push(user, {"read": mark})
    return {"read": mark}
