"""The check of PUSHER_APPS: the applications that speak Pusher's protocol.

Each is an id, a key and a secret, as Pusher gives them out. No error shows a key or a secret: it
may be logged. What they are used for is in `common/pusher/`.
"""

import re

ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
KEY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
SECRET = re.compile(r"[!-+\--9;-~]{8,255}")  # Printable ASCII, but for a comma and a colon.
# The names of an application's channels may begin with its id and a colon. These are taken.
TAKEN = ("user", "members", "sync")
SHAPE = "must be id:key:secret,id:key:secret"
PARTS = {
    "id": (ID, "1 to 32 of A-Z a-z 0-9 _ -"),
    "key": (KEY, "1 to 64 of A-Z a-z 0-9 _ . -"),
    "secret": (SECRET, "8 to 255 printable characters of ASCII, without a blank, comma or colon"),
}


def pusher_apps(text: str) -> tuple[tuple[str, str, str], ...]:
    """Ids, keys and secrets, in their order.

    Raises:
        ValueError: one of them is wrong, or an id or a key stands twice.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    found = tuple(_app(place, word) for place, word in enumerate(words, start=1))
    for at, part in enumerate(("id", "key")):
        if len({app[at] for app in found}) < len(found):
            raise ValueError(f"has the same {part} twice")
    return found


def _app(place: int, text: str) -> tuple[str, str, str]:
    parts = text.split(":")
    if len(parts) != len(PARTS):
        raise ValueError(f"{SHAPE}; application {place} has another shape")
    for value, (name, (pattern, meaning)) in zip(parts, PARTS.items(), strict=True):
        if not pattern.fullmatch(value):
            raise ValueError(f"{SHAPE}; the {name} of application {place} is not {meaning}")
    id_, key, secret = parts
    if id_ in TAKEN:
        raise ValueError(f"application {place} cannot have the id {id_}")
    return id_, key, secret
