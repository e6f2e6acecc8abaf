"""Requests to the HTTP port, most of them right but for one thing or two, from a seed.

A request begins as a good push, with any parameters. Then none, one, or a few of its parts are
changed; so faults meet each other, and the rest of the request is what a server expects.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.fuzz.http_parts import (
    AUTHORIZATIONS,
    CODINGS,
    CONNECTIONS,
    FORM,
    HOSTS,
    JSON,
    LENGTHS,
    MANY,
    METHODS,
    MULTIPART,
    OTHERS,
    PATHS,
    QUERIES,
    SPACES,
    TEXT,
    TOKEN,
    TYPES,
    VERSIONS,
)
from tests.fuzz.parameters import as_json, as_multipart, as_query, bare, parameters

PIECES = b'\r\n\x00 \t:,;%#?/\x80aA1&="{}\x1e\x0b'


@dataclass
class Made:
    """A request in its parts; text is a character for each byte."""

    method: str
    target: str
    kind: str = FORM
    body: bytes = b""
    version: str = "HTTP/1.1"
    fields: list[str] = field(default_factory=list)
    end: str = "\r\n"

    def replace(self, name: str, value: str) -> None:
        """Set a header; the others of this name go."""
        self.fields = [
            each for each in self.fields if not each.lower().startswith(f"{name.lower()}:")
        ]
        self.fields.append(f"{name}: {value}")

    def written(self) -> bytes:
        """Its bytes."""
        start = " ".join(filter(None, (self.method, self.target, self.version)))
        return self.end.join([start, *self.fields, "", ""]).encode("latin-1") + self.body


Change = Callable[[random.Random, Made], None]


def good(chance: random.Random) -> Made:
    """A push as backends send it, with any parameters, or now and then another request."""
    kind = chance.random()
    if kind < 0.04:
        path = chance.choice(["/healthz", "/users/ann", "/channels/a", "/push/batch", "/nothing"])
        made = Made("POST" if path == "/push/batch" else "GET", path, JSON)
        made.body = b'["a",{"content":"b","id":"7"}]' if path == "/push/batch" else b""
    elif kind < 0.25:
        made = Made("GET", "/push?" + as_query(chance, parameters(chance, False)).decode("latin-1"))
    else:
        made = _post(chance)
    made.fields.append("Host: a")
    made.fields += chance.sample(OTHERS[:3], chance.choice([0, 0, 1, 2, 3]))
    if chance.random() < 0.9:
        made.fields.append(f"Authorization: Bearer {TOKEN}")
    if made.method == "POST":
        made.fields += [f"Content-Type: {made.kind}", f"Content-Length: {len(made.body)}"]
    for share, name, values in (
        (0.15, "Connection", ("keep-alive", "Keep-Alive", "close")),
        (0.15, "Idempotency-Key", ("7", "8", "9")),
        (0.15, "X-Request-Id", ("r-1", "r 2", "r" * 129)),
        (0.15, "X-Forwarded-For", ("192.0.2.1", "192.0.2.2", "192.0.2.3, 127.0.0.1")),
    ):
        if chance.random() < share:
            made.fields.append(f"{name}: {chance.choice(values)}")
    return made


def _post(chance: random.Random) -> Made:
    made, kind = Made("POST", "/push"), chance.random()
    pairs = parameters(chance, 0.45 < kind < 0.95)
    if kind < 0.45:
        made.body = as_query(chance, pairs)
    elif kind < 0.95:
        made.kind, made.body = JSON, as_json(chance, pairs)
    elif kind < 0.97:
        made.kind, made.body = MULTIPART, as_multipart(chance, pairs, b"b")
    else:
        made.kind, made.body = chance.choice([FORM, TEXT, f"{TEXT}; charset=UTF-8"]), bare(chance)
    if chance.random() < (0.1 if kind < 0.97 else 0.5):
        query = as_query(chance, parameters(chance, False))
        made.target += "?" + query.decode("latin-1")
    return made


def _target(chance: random.Random, made: Made) -> None:
    path, _, query = made.target.partition("?")
    if chance.random() < 0.6:
        made.target = chance.choice(PATHS) + (f"?{query}" if query else "")
    else:
        made.target = path + chance.choice(QUERIES)


def _method(chance: random.Random, made: Made) -> None:
    made.method = chance.choice(METHODS)


def _version(chance: random.Random, made: Made) -> None:
    made.version = chance.choice(VERSIONS)


def _length(chance: random.Random, made: Made) -> None:
    size, kind = len(made.body), chance.random()
    if kind < 0.2:
        made.replace("Content-Length", str(max(0, size + chance.choice([-5, -1, 1, 5, 70_000]))))
    elif kind < 0.3:
        made.fields.append(f"Content-Length: {size}")  # Twice.
    else:
        made.replace("Content-Length", chance.choice(LENGTHS).format(size, size))


def _coding(chance: random.Random, made: Made) -> None:
    if chance.random() < 0.6:
        made.fields = [each for each in made.fields if not each.startswith("Content-Length")]
    coding = chance.choice(CODINGS) if chance.random() < 0.5 else "chunked"
    made.fields.append(f"Transfer-Encoding: {coding}")
    if chance.random() < 0.05:
        made.fields.append("Transfer-Encoding: chunked")
    if chance.random() < 0.9:
        made.body = chunked(chance, made.body)


def chunked(chance: random.Random, body: bytes) -> bytes:
    """The body in chunks, seldom in quite the right form."""
    cuts = sorted(chance.randrange(len(body) + 1) for _ in range(chance.randrange(3)))
    pieces = [body[a:b] for a, b in pairwise([0, *cuts, len(body)]) if a < b]
    size = chance.choice(
        ["%x"] * 12
        + ["%X", "0%x", "%x;a=b", "%x ", " %x", "+%x", "0x%x", "%x;a\nb", "-%x", "%x\x00", "1%x"]
    )
    end = chance.choice(["\r\n"] * 20 + ["\n", "", "\r", "\n\r"])
    data = b"".join((size % len(each) + end).encode() + each + end.encode() for each in pieces)
    last = chance.choice(["0"] * 20 + ["00", "", "0;a", "000000000000", "g"])
    trailer = chance.choice(
        [""] * 15 + ["X: y\r\n", "Content-Length: 5\r\n", "x\r\n", "X: y\n", "Host: b\r\n"]
    )
    return data + (last + end + trailer + end).encode()


def _spaces(chance: random.Random, made: Made) -> None:
    at = chance.randrange(len(made.fields))
    name, _, value = made.fields[at].partition(": ")
    made.fields[at] = chance.choice(SPACES).format(name, value)


def _case(chance: random.Random, made: Made) -> None:
    change = chance.choice([str.upper, str.lower, str.swapcase, str.title])
    named = [each.partition(":") for each in made.fields]
    made.fields = [change(name) + colon + value for name, colon, value in named]


def _twice(chance: random.Random, made: Made) -> None:
    one = chance.choice(made.fields)
    other = one if chance.random() < 0.4 else one + "1" if chance.random() < 0.5 else one[:-1]
    made.fields.insert(chance.randrange(len(made.fields) + 1), other)


def _drop(chance: random.Random, made: Made) -> None:
    made.fields.pop(chance.randrange(len(made.fields)))


def _shuffle(chance: random.Random, made: Made) -> None:
    chance.shuffle(made.fields)


def _other(chance: random.Random, made: Made) -> None:
    for _ in range(chance.choice([1, 1, 1, 2])):
        made.fields.insert(chance.randrange(len(made.fields) + 1), chance.choice(OTHERS))


def _many(chance: random.Random, made: Made) -> None:
    made.fields += MANY[: chance.choice([10, 50, 99, 110])]


def change_to(name: str, values: Sequence[str]) -> Change:
    """A change that gives a header one of these values."""

    def change(chance: random.Random, made: Made) -> None:
        made.replace(name, chance.choice(values))

    return change


def _end(chance: random.Random, made: Made) -> None:
    made.end = chance.choice(["\n", "\r", "\r\n\r\n", "\r\r\n", "\n\r"])


def _beginning(chance: random.Random, made: Made) -> None:
    made.method = (
        chance.choice(["\r\n", "\n", " ", "\r\n" * 9, "\x00", "\xef\xbb\xbf", "\r"]) + made.method
    )


CHANGES: tuple[Change, ...] = (
    *[_target] * 3,
    *[_length] * 3,
    *[_coding] * 3,
    *[_spaces] * 3,
    *[_other] * 4,
    *[_twice] * 2,
    *(_method, _version, _case, _drop, _shuffle, _many, _end, _beginning),
    *(change_to("Host", HOSTS), change_to("Content-Type", TYPES), change_to("Content-Type", TYPES)),
    *(change_to("Authorization", AUTHORIZATIONS), change_to("Connection", CONNECTIONS)),
)


def request(chance: random.Random) -> bytes:
    """One request."""
    return changed(chance, good(chance), CHANGES).written()


def changed(chance: random.Random, made: Made, changes: Sequence[Change]) -> Made:
    """The same with none, one or a few of these changes."""
    for _ in range(chance.choice([0, 0, 0, 0, 0, 1, 1, 1, 2, 3])):
        if made.fields:
            chance.choice(changes)(chance, made)
    return made


def damaged(chance: random.Random, data: bytes) -> bytes:
    """The same, with a little damage."""
    place = chance.randrange(len(data))
    piece = bytes(chance.choices(PIECES, k=chance.randrange(1, 3)))
    return chance.choice(
        [
            data[:place] + data[place + 1 :],
            data[:place] + piece + data[place:],
            data[:place] + piece + data[place + 1 :],
            data[:place],
            data[:place] + data[place // 2 :],
            data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :],
        ]
    )


def cut(chance: random.Random, data: bytes, edges: list[int]) -> list[bytes]:
    """In pieces: whole, at any byte, or where a request ends."""
    kind = chance.random()
    places = edges if kind < 0.2 else []
    if kind > 0.4:
        # Near an edge more often than its share: that is where what follows is read too early.
        near = [edge + chance.randrange(-5, 6) for edge in edges]
        places = [
            chance.choice([chance.randrange(len(data) + 1), *near])
            for _ in range(chance.choice([1, 1, 2, 5]))
        ]
    places = sorted({0, len(data), *(min(max(place, 0), len(data)) for place in places)})
    return [data[a:b] for a, b in pairwise(places)]


def connection(chance: random.Random) -> tuple[int, list[bytes]]:
    """How many requests a client sends, and in which pieces."""
    return pieces(chance, [request(chance) for _ in range(chance.choice([1, 1, 1, 2, 3, 5]))])


def pieces(chance: random.Random, requests: list[bytes]) -> tuple[int, list[bytes]]:
    """How many they are, and all of them in pieces, some with a little damage."""
    edges, data = [], b""
    for each in requests:
        edges.append(len(data) + each.find(b"\r\n\r\n") + 4)
        data += each
        edges.append(len(data))
    if chance.random() < 0.15:
        data = damaged(chance, data)
    return len(requests), cut(chance, data, edges)
