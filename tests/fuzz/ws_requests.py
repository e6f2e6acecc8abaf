"""Handshakes and requests for events, most of them right but for one thing or two, from a seed."""

import random
from urllib.parse import quote

import jwt

from tests.fuzz.http_parts import CONNECTIONS, OTHERS
from tests.fuzz.http_requests import CHANGES, Change, Made, change_to, changed, pieces

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
PAGE = "https://a.example"
PATHS = ("/", "/", "/", "/any/path", "/chat.php", "/~a", "/a%20b")
EVENTS = ("/events", "/events", "/a/events", "/events/", "//events", "/a//events//", "/events.x")
HEALTH = ("/healthz", "/a/readyz", "/push", "/favicon.ico", "/client.js")
SECRET = "a secret that is long enough for HS256"
USER = jwt.encode({"sub": "42", "channels": ["news.*", "a"], "exp": 1 << 33}, SECRET)
GUEST = jwt.encode({}, SECRET)
EXPIRED = jwt.encode({"sub": "42", "exp": 1}, SECRET)
NOT_OURS = jwt.encode({"sub": "42"}, SECRET[::-1])
REVOKED = jwt.encode({"sub": "42", "iat": 5, "jti": "gone"}, SECRET)
GRANTS = (USER, GUEST, EXPIRED, REVOKED, NOT_OURS, "NOBODY")
CHANNELS = (
    "news.eu", "a,news.*", "news", "a,b", "*",
    "user:42", "user:7", "", ",", "a,b,c,d", "no name",
)  # fmt: skip
# Most of what may stand in a query; pages have others of their own.
QUERIES = {
    "format": ("text", "json", "json", "json", "xml", "", "JSON"),
    "last_id": ("e-1-0", "e-2-0", "x", "1", "a" * 300, "\u4f60"),
    "last": ("0", "20", "1000", "1001", "-1", "1e3", "", "\u0663", "x"),
    "channels": CHANNELS,
    "token": (*GRANTS, "", USER),
    "client": ("abc", "a@b.c:1", "", "no name", "a/42", "a" * 101, "\u4f60"),
    "lastEventId": ("e-1-0", ""),
    **dict.fromkeys(("uid", "t", "channel", "formats", "Format", "last-id", "\u4f60"), ("1", "")),
}
PROTOCOLS = (
    "message-center.json", "message-center.text",
    f"message-center.json, message-center.token.{USER}",
    "chat", "chat, message-center.json", "message-center", "", ",", "message-centre.json",
    f"message-center.token.{USER}", f"message-center.token.{EXPIRED},message-center.json", "\xe4",
    "message-center.text , message-center.json", "a" * 3000, "message-center.token.",
)  # fmt: skip
KEYS = (
    KEY + " ", KEY[:-2], "", "x", KEY + KEY, "A" * 24, "dGhlIHNhbXBsZSBub25jZQ", "!" * 24,
    "dGhlIHNhbXBsZSBub25jZR==", "dGhl IHNhbXBsZSBub25jZQ==", "\xe4" * 24, f"{KEY}, {KEY}",
)  # fmt: skip
VERSIONS = ("13", "13 ", "8", "", "13, 8", "013", "+13", "13.0", "1\xb3", "x")
UPGRADES = (
    "WebSocket", "WEBSOCKET", "websocket ", "websocket, h2c", "h2c", "", "websockets", "\xe4",
    "websocket/13", "xwebsocket", "TLS/1.0",
)  # fmt: skip
ASKED = (
    "upgrade", "keep-alive, Upgrade", "Upgrade, keep-alive", "keep-alive,upgrade", "UPGRADE",
    "keep-alive", "close", "close, Upgrade", "upgrades", "", "Upgrade\t", "te, Upgrade",
)  # fmt: skip
ORIGINS = (PAGE, PAGE.upper(), f"{PAGE}/", "null", "", "https://b.example", "\xe4", f"{PAGE}, x")
LAST_IDS = ("e-1-0", "", "x", "\xe4", "1" * 300)
AUTHORIZATIONS = (
    *(f"Bearer {grant}" for grant in GRANTS),
    f"bearer {USER}",
    f"Basic {USER}",
    "",
    "\xe4",
)
EARLY = (
    b"",
    b"",
    b"",
    b"\x81\x81\0\0\0\0a",
    b"\x88\x80\0\0\0\0",
    b"GET / HTTP/1.1\r\n",
    b"x" * 9000,
)


def good(chance: random.Random) -> Made:
    """A client that asks to listen, with any wishes, or now and then another request."""
    kind = chance.choice([PATHS, PATHS, PATHS, EVENTS, EVENTS, HEALTH])
    path = chance.choice(kind if kind is HEALTH or chance.random() < 0.2 else kind[:5])
    made = Made("GET", path + _query(chance))
    made.fields.append("Host: a")
    if kind is PATHS:
        made.fields += _handshake(chance)
    for share, line in (
        (0.2, "Accept: text/event-stream"),
        (0.2, "Last-Event-ID: e-1-0"),
        (0.4, f"Origin: {PAGE}"),
        (0.6, f"Authorization: Bearer {chance.choice(GRANTS[:2])}"),
        (0.2, f"X-Forwarded-For: 192.0.2.{chance.randrange(1, 4)}"),
    ):
        if chance.random() < share:
            made.fields.append(line)
    made.fields += chance.sample(OTHERS[:3], chance.randrange(3))
    if chance.random() < 0.3:
        chance.shuffle(made.fields)
    return made


def _handshake(chance: random.Random) -> list[str]:
    asked = chance.choice(["Upgrade", "keep-alive, Upgrade"])
    lines = [f"Connection: {asked}", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}"]
    if chance.random() < 0.3:
        lines.append(f"Sec-WebSocket-Protocol: {chance.choice(PROTOCOLS[:3])}")
    if chance.random() < 0.3:
        lines.append("Sec-WebSocket-Extensions: permessage-deflate")
    return lines


def _query(chance: random.Random) -> str:
    if chance.random() < 0.4:
        return ""
    wishes = [*QUERIES] if chance.random() < 0.2 else [*QUERIES][:6]
    found = []
    for name in chance.choices(wishes, k=chance.choice([1, 1, 2, 3])):
        values = QUERIES[name] if chance.random() < 0.2 else QUERIES[name][:2]
        found.append(f"{quote(name)}={quote(chance.choice(values), safe=',:*')}")
    query = "?" + "&".join(found)
    if chance.random() < 0.05:
        place = chance.randrange(1, len(query) + 1)
        odd = chance.choice(["%", "%ff", "%zz", "&", "=", "\xe4", "#", ";"])
        query = query[:place] + odd + query[place:]
    return query


OWN: tuple[Change, ...] = (
    change_to("Sec-WebSocket-Key", KEYS),
    change_to("Sec-WebSocket-Version", VERSIONS),
    change_to("Sec-WebSocket-Protocol", PROTOCOLS),
    change_to("Upgrade", UPGRADES),
    change_to("Connection", ASKED),
    change_to("Connection", CONNECTIONS),
    change_to("Origin", ORIGINS),
    change_to("Last-Event-ID", LAST_IDS),
    change_to("Authorization", AUTHORIZATIONS),
)


def connection(chance: random.Random) -> tuple[int, list[bytes]]:
    """What one client sends: mostly one request, and what may follow it too early."""
    requests = []
    for _ in range(chance.choice([1, 1, 1, 1, 2, 3])):
        made = changed(chance, good(chance), OWN if chance.random() < 0.6 else CHANGES)
        requests.append(made.written() + chance.choice(EARLY))
    return pieces(chance, requests)
