"""How PUSHER_WEBHOOKS is written. No message shows an address: it may hold a secret."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

ADDRESS = re.compile(r"https?://[!-+\--~]{1,2000}")  # Printable ASCII, but for a comma.
SHAPE = "must be id:https://…,id:https://…"


def pusher_webhooks(text: str) -> tuple[tuple[str, str], ...]:
    """Ids of applications, each with an address, in their order.

    Raises:
        ValueError: one of them is wrong, or an id stands twice.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    found = tuple(_webhook(place, word) for place, word in enumerate(words, start=1))
    if len(dict(found)) < len(found):
        raise ValueError("has the same id twice")
    return found


def without_app(
    webhooks: Sequence[tuple[str, str]], apps: Sequence[tuple[str, str, str]]
) -> str | None:
    """An id that is of no application."""
    known = {id_ for id_, *_ in apps}
    return next((id_ for id_, _ in webhooks if id_ not in known), None)


def _webhook(place: int, text: str) -> tuple[str, str]:
    id_, colon, url = text.partition(":")
    if not (id_ and colon and _is_address(url)):
        raise ValueError(
            f"{SHAPE}; the address of webhook {place} is none of http or https, or has a user or "
            "a #"
        )
    return id_, url


def _is_address(url: str) -> bool:
    if not ADDRESS.fullmatch(url) or "#" in url:
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False
