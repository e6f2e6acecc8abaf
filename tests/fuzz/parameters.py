"""Parameters of pushes, good and bad, and how they are written: queries, forms, JSON, multipart."""

import json
import random
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_from_bytes

Pair = tuple[str, Any]

ODD_JSON = (
    '{"content":NaN}', '{"content":Infinity}', '{"content":1e999}', "null", "1", '"a"', "", "[",
    '{"content":"\\ud800"}', '{"content":"\\u00e4\\q"}', '{"content":"a",}', "{'content':'a'}",
    '{"content":' + "[" * 2000 + "]" * 2000 + "}", "[" * 3000, '{"a":{"content":"a"}}',
    '{"content":1' + "0" * 5000 + "}", '{"content":"a"}//', '{"content":-}', '{"content":01}',
    '{"content":"a","x":[' + "1," * 3000 + "1]}", '{"content":"\ud83d\ude00"}', "{content:1}",
)  # fmt: skip

CONTENTS: tuple[Any, ...] = (
    *["a", "hello", "hello, world", "\u4f60\u597d", "two words"] * 4,
    *("", "0", " ", "a&b=c", "\U0001f600", '"', "\x1e{}", "a\r\nb", "a+b", "%41", "\x00", "\ufeff"),
    *("x" * 300, "\u4f60" * 70, "x" * 5000, "y" * 17_000, "z" * 70_000, "null", "\x7f", "\xe4"),
)  # fmt: skip
# What only JSON can say.
VALUES: tuple[Any, ...] = (
    0, 1, -5, 1.5, 1e300, 10**30, True, False, None, [], {}, ["a"], {"a": "b"}, "\ud800",
    "\udc00a", {"\u4f60": [1.0, 10**30, "\\\""]}, {"user": "1", "content": {"user": 2}}, ["\udc00"],
    [float("inf")], [[0] * 300] * 34, {"a": "\x1e\n" * 200},
)  # fmt: skip
NAMES = ("a", "news", "b.c", "user:1", "A_b-9", "u@x", "0", "a=b;c")
BAD_NAMES = (
    "",
    "no name",
    "a,b",
    "\u4f60",
    "c" * 201,
    "*",
    "a.*",
    "a/b",
    "user:",
    ",",
    " a",
    "a\x00",
    '["a,b"]',
    '["a"',
    "[7]",
)
EVENTS: tuple[Any, ...] = ("made", "\u4f60 \U0001f600", "", "a\n", "\x85", "e" * 201, 7, None)
EXCEPTS: tuple[Any, ...] = ("1.2", "", "7", "1.2.3", "\u0663.1", "1" * 21 + ".1", 1.2, None)
FIELDS = ("channel", "channels", "user", "users")
IDS: tuple[Any, ...] = ("7", "8", "9", "x" * 255, "", "x" * 256, "\u4f60", "a b", "\x01", 7, None)
OTHERS = (
    *("Content", "CONTENT", "content[]", "content[0]", "chanel", "Channel", "userid", "user_id"),
    *("channels[]", "users[0]", "uid", "to", "x", "", "s", "id[]", "ID", "con tent", "content;"),
    *("\u4f60", "a" * 99, "a" * 101, "chan%6Eel", "_", "token", "user.id", "\x00"),
)
BROKEN = (
    b"%",
    b"%g1",
    b"%ff",
    b"%C3",
    b"%u4f60",
    b"\xff",
    b"\xe4\xbd",
    b"%00",
    b";",
    b"&",
    b"=",
    b"#",
)


def parameters(chance: random.Random, rich: bool) -> list[Pair]:
    """Mostly a content alone; `rich`: whatever JSON can say."""
    found: list[Pair] = []
    if chance.random() < 0.95:
        value = chance.choice(VALUES) if rich and chance.random() < 0.1 else chance.choice(CONTENTS)
        found.append(("content", value))
    if chance.random() < 0.3:
        found.append(_recipients(chance, rich))
    for name, values, share in (
        ("event", EVENTS, 0.1),
        ("except", EXCEPTS, 0.1),
        ("id", IDS, 0.15),
    ):
        if chance.random() < share:
            found.append((name, chance.choice(values if rich else values[:-2])))
    if chance.random() < 0.15:
        found.append((chance.choice(OTHERS), chance.choice(CONTENTS[:20])))
    if found and chance.random() < 0.08:
        found.append((chance.choice(found)[0], chance.choice(CONTENTS[:20])))
    if chance.random() < 0.2:
        chance.shuffle(found)
    return found


def _recipients(chance: random.Random, rich: bool) -> Pair:
    field = chance.choice(FIELDS)
    several = field.endswith("s") or chance.random() < 0.05
    names = [
        chance.choice(NAMES if chance.random() < 0.93 else BAD_NAMES)
        for _ in range(chance.choice([0, 1, 1, 2, 3, 5, 8]) if several else 1)
    ]
    if rich and chance.random() < 0.5:
        odd = chance.choice([7, None, ["a"], {"a": 1}, True, 1.5])
        return field, odd if chance.random() < 0.1 else names if several else names[0]
    return field, ",".join(names)


def as_query(chance: random.Random, pairs: Sequence[Pair], ascii_only: bool = False) -> bytes:
    """Of a query or a form."""
    parts = []
    for name, value in pairs:
        given = _quoted(chance, name, ascii_only), _quoted(chance, str(value), ascii_only)
        parts.append(b"=".join(given) if chance.random() < 0.98 else given[0])
    if chance.random() < 0.04:
        place = chance.randrange(len(parts) + 1)
        parts.insert(place, chance.choice([b"", b"=", b"=a", b"a", b"a=b=c", b"&", b"content"]))
    data = chance.choice([b"&"] * 30 + [b";"]).join(parts)
    if chance.random() < 0.06:
        place = chance.randrange(len(data) + 1)
        data = data[:place] + chance.choice(BROKEN) + data[place:]
    return data


def _quoted(chance: random.Random, text: str, ascii_only: bool) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    kind = chance.random()
    if kind < 0.1 and not ascii_only and not set(raw) & set(b"&=%+;# \r\n\x00"):
        return raw
    if kind < 0.15:
        return b"".join(b"%%%02x" % byte for byte in raw[:3000])
    return quote_from_bytes(raw, safe=chance.choice(["", "/", ",@:"])).replace("%20", "+").encode()


def bare(chance: random.Random) -> bytes:
    """A body that is all content, or nearly."""
    text = str(chance.choice(CONTENTS)).encode("utf-8", "surrogatepass")
    kind = chance.random()
    if kind < 0.3:
        text = chance.choice([b"user", b"content", b' {"content":"a"}', b"%41", b"a&b", b"\xff"])
    elif kind < 0.4:
        text += chance.choice(BROKEN)
    return text


def as_json(chance: random.Random, pairs: Sequence[Pair]) -> bytes:
    """An object in which names may stand twice; or something else."""
    ascii_only = chance.random() < 0.5
    space = chance.choice(["", "", " ", "\n", "\t\r\n "])

    def written(value: Any) -> str:
        text = json.dumps(value, ensure_ascii=ascii_only)
        return text.replace("u", "\\u0075", 1) if text == '"user"' and space else text

    fields = [f"{written(name)}:{space}{written(value)}" for name, value in pairs]
    text = "{" + space + f",{space}".join(fields) + space + "}"
    if chance.random() < 0.12:
        text = _odd_json(chance, text)
    codec = chance.choice(
        ["utf-8"] * 30 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"]
    )
    return text.encode(codec, "replace" if codec == "latin-1" else "surrogatepass")


def _odd_json(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text))
    changed = (f"[{text}]", text + text, text[:place], text[1:], f" {text}\n", f"{text}\x00")
    return chance.choice(changed if chance.random() < 0.3 else ODD_JSON)


def as_multipart(chance: random.Random, pairs: Sequence[Pair], boundary: bytes) -> bytes:
    """A form in parts."""
    parts = []
    for name, value in pairs:
        more = chance.choice(
            [b""] * 9 + [b'; filename="f"', b"\r\nContent-Type: text/plain; charset=gbk"]
        )
        quoted = name.encode("utf-8", "surrogatepass").replace(b'"', b'\\"')
        head = b'Content-Disposition: form-data; name="' + quoted + b'"' + more
        parts.append(head + b"\r\n\r\n" + str(value).encode("utf-8", "surrogatepass"))
    start = b"--" + boundary
    data = b"".join(start + b"\r\n" + part + b"\r\n" for part in parts)
    return data + start + chance.choice([b"--\r\n"] * 9 + [b"--", b"", b"--\r\nx", b"\r\n"])
