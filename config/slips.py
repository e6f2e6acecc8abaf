"""Names in the environment that are most likely slips of settings: `WS_PROT`, `RECIEPT_SECONDS`.

Other programs have names there, too. So this is no error, and where another word is near to a
setting, the doubt is in favour of the other word: `HTTPS_PORT`, `REDIS_URI`, `AWS_HOST`.
"""

import difflib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import fields

from config.load import LINK
from config.settings import Settings

log = logging.getLogger(__name__)

# Letters. With another letter, a name as short as this is another word; with one more, too, unless
# it is a letter twice: `HTTP_POST`, `WMS_HOST`, `REDIS_URLS`.
SHORT = 9
LONG = 16  # Letters, from which on several may be wrong
SIMILAR = 0.9  # in a name that is so much like a setting (difflib's ratio).
OTHERS = frozenset(
    ("DATADIR", "LOGLEVEL", "LOGFORMAT", "PONG_INTERVAL", "POOL_INTERVAL", "PULL_INTERVAL")
)
SECURE = ("HTTPS_", "WSS_")  # What is HTTP_ or WS_ without encryption.


def slips(environ: Mapping[str, str]) -> dict[str, str]:
    """The names of `environ` that are slips, and the settings that were meant."""
    known = {each.name.upper() for each in fields(Settings)}
    found = {}
    for name, value in environ.items():
        if name not in known and not LINK.fullmatch(value):
            meant = _meant(name.upper(), known)
            if meant:
                found[name] = meant
    return found


def warn_of_slips(environ: Mapping[str, str]) -> None:
    """Say at the start what was meant."""
    for name, meant in slips(environ).items():
        log.warning("%s: there is no such setting; did you mean %s?", name, meant)


def _meant(name: str, known: set[str]) -> str | None:
    if name in known:
        return name  # In other letters: `ws_port`.
    if name in OTHERS or name.startswith(SECURE) or name[-1:].isdigit():
        return None
    begin_alike = sorted(each for each in known if each[0] == name[:1])
    if len(name) >= LONG:
        near = difflib.get_close_matches(name, begin_alike, n=1, cutoff=SIMILAR)
        return near[0] if near else None
    return next((each for each in begin_alike if _is_slip(name, each)), None)


def _is_slip(name: str, setting: str) -> bool:
    """Whether one is the other with a letter more, less or other, or with two swapped."""
    if abs(len(name) - len(setting)) > 1:
        return False
    at = next((at for at, (a, b) in enumerate(zip(name, setting, strict=False)) if a != b), None)
    if at is None:
        at = min(len(name), len(setting))
    return any(_rests(name, setting, at))


def _rests(name: str, setting: str, at: int) -> Iterator[bool]:
    """What may have happened at the first letter that differs."""
    is_short = len(setting) <= SHORT
    yield name[at:] == setting[at + 1 :]
    yield name[at : at + 2] == setting[at : at + 2][::-1] and name[at + 2 :] == setting[at + 2 :]
    yield name[at + 1 :] == setting[at:] and (not is_short or name[at] == name[at - 1])
    yield not is_short and name[at + 1 :] == setting[at + 1 :]
