"""The applications that speak Pusher's protocol, as PUSHER_APPS has them.

Each is a namespace of channels and users; `common/pusher/names.py` says how it is kept apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class App:
    """`prefix` stands before its names in the log; the first application has none.

    `others` are the prefixes of all other applications.
    """

    id: str
    key: str
    secret: str = field(repr=False)
    prefix: str = ""
    others: tuple[str, ...] = ()


class Apps:
    """All of them; whether there is any is whether the protocol is spoken."""

    def __init__(self, given: Sequence[tuple[str, str, str]]) -> None:
        """`given`: the setting `pusher_apps`, in its order."""
        prefixes = ["" if place == 0 else f"{id_}:" for place, (id_, *_) in enumerate(given)]
        self._by_key: dict[str, App] = {}
        for (id_, key, secret), prefix in zip(given, prefixes, strict=True):
            others = tuple(each for each in prefixes if each not in ("", prefix))
            self._by_key[key] = App(id_, key, secret, prefix, others)
        self._ids = {id_ for id_, *_ in given}

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def with_key(self, key: str) -> App | None:
        """The application of a key. Keys are public, so how it is looked up tells nothing."""
        return self._by_key.get(key)

    def has_id(self, id_: str) -> bool:
        """Whether one of them has this id."""
        return id_ in self._ids

    def __iter__(self) -> Iterator[App]:
        return iter(self._by_key.values())
