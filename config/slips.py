"""Which setting is meant by a name that is none: `WS_PROT`, `RECIEPT_SECONDS`.

In `.env`, which is ours, it stops the start. In the environment other programs have names, too. So
there a slip is no error, unless it can only be ours; and where another word is near to a setting,
the doubt is in favour of the other word: `HTTPS_PORT`, `REDIS_URI`, `AWS_HOST`.
"""

import difflib
import logging
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields

from config.settings import Settings

log = logging.getLogger(__name__)

PREFIX = "MESSAGE_CENTER_"
# Kubernetes and `docker --link` tell a container of its neighbours in variables such as
# NAME_PORT=tcp://10.0.0.1:2345. For a neighbour that is called `ws`, this is our WS_PORT.
LINK = re.compile(r"(tcp|udp|sctp)://\S*")
# How much a name must be like a setting (difflib's ratio) to be taken for a slip of it:
IN_OUR_FILE = 0.8
NEARLY_THE_SAME = 0.93  # with our prefix, as an application may well have a MESSAGE_CENTER_URL;
SIMILAR = 0.9  # in the environment, if it is long.
# Letters. With another letter, a name as short as this is another word; with one more, too, unless
# it is a letter twice: `HTTP_POST`, `WMS_HOST`, `REDIS_URLS`.
SHORT = 9
LONG = 16  # Letters, from which on several may be wrong.
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
            meant = likely(name.upper(), known)
            if meant:
                found[name] = meant
    return found


def warn_of_slips(environ: Mapping[str, str]) -> None:
    """Say at the start what was meant."""
    for name, meant in slips(environ).items():
        log.warning("%s: there is no such setting; did you mean %s?", name, meant)


def certain(name: str, known: Collection[str], *, is_ours: bool) -> str | None:
    """The setting that can only be meant by a name; `is_ours`: it stands in our file."""
    bare = name.removeprefix(PREFIX)
    if bare != name and bare in known:
        return bare
    if is_ours and bare == name:
        return _nearest(name, known, IN_OUR_FILE)
    return _nearest(name, [f"{PREFIX}KEY"], NEARLY_THE_SAME)


def likely(name: str, known: Collection[str]) -> str | None:
    """The setting that is most likely meant by a name in the environment."""
    if name in known:
        return name  # In other letters: `ws_port`.
    if name in OTHERS or name.startswith(SECURE) or name[-1:].isdigit():
        return None
    begin_alike = sorted(each for each in known if each[0] == name[:1])
    if len(name) >= LONG:
        return _nearest(name, begin_alike, SIMILAR)
    return next((each for each in begin_alike if _is_slip(name, each)), None)


def _nearest(name: str, known: Collection[str], cutoff: float) -> str | None:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=cutoff)
    return near[0] if near else None


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
