"""What a push token may do, where PUSH_TOKENS_FILE says so: which pushes, and what else.

A scope is words: `push`, `push=orders,news.*,user:42`, `everybody`, `read`, `read=…`, `presence`,
`kick`, `sign`. A token without a scope may do everything. It knows no routes. No I/O here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common import channels
from common.refused import Refused

PUSH, READ, PRESENCE, KICK, SIGN = RIGHTS = ("push", "read", "presence", "kick", "sign")
EVERYBODY = "everybody"
ANY = ""  # What every token may do.
ALL_CHANNELS, ALL_USERS = "*", f"{channels.USER}*"
ALL = frozenset((ALL_CHANNELS, ALL_USERS))
NONE: frozenset[str] = frozenset()
LISTED = (PUSH, READ)  # The rights that may be for some names only.
FLAGS = (PRESENCE, KICK, SIGN)
TOLD = {
    PUSH: "push",
    READ: "read",
    PRESENCE: "see who is connected",
    KICK: "throw users out or revoke their tokens",
    SIGN: "have tokens signed",
}
WRONG_WORD = f"is none of {', '.join((*RIGHTS, EVERYBODY))}"


@dataclass(frozen=True, slots=True)
class Scope:
    """`push` and `read` are names and wildcards; `everybody`: whether it may push to all."""

    name: str  # Of the token.
    words: str
    push: frozenset[str]
    everybody: bool
    read: frozenset[str]
    flags: frozenset[str]

    @classmethod
    def parse(cls, name: str, words: str) -> "Scope":
        """The scope of the token of this name.

        Raises:
            ValueError: a word is wrong. It says which, and not what it is: it may be a token.
        """
        found: dict[str, frozenset[str]] = {}
        for place, word in enumerate(words.split(), start=1):
            right, equals, listed = word.partition("=")
            if right not in TOLD and right != EVERYBODY:
                raise ValueError(f"word {place} of what it may do {WRONG_WORD}")
            if right in found:
                raise ValueError(f"{right} stands twice")
            found[right] = _names(right, listed) if equals else ALL
        is_whole = PUSH in words.split()
        return cls(
            name,
            " ".join(words.split()),
            found.get(PUSH, NONE),
            is_whole or EVERYBODY in found,
            found.get(READ, NONE),
            frozenset(found) & frozenset(FLAGS),
        )

    def may(self, right: str) -> bool:
        """Whether it may do this at all, if perhaps not for every channel."""
        if right == PUSH:
            return self.everybody or bool(self.push)
        return bool(self.read) if right == READ else right == ANY or right in self.flags

    def refuse_unless(self, right: str | None) -> None:
        """Refuse what the token may not do at all; None is what no scope has a word for.

        Raises:
            Refused: it may not.
        """
        if right is None or not self.may(right):
            raise self._refusal("do this" if right is None else TOLD[right])

    def refuse_push(self, recipients: Sequence[str]) -> None:
        """Refuse a push; without recipients it is for everybody.

        Raises:
            Refused: the token may not push to one of them.
        """
        if not recipients and not self.everybody:
            raise self._refusal("push to everybody")
        for name in recipients:
            if not _covers(self.push, name):
                raise self._refusal(f"push to {name!r}")

    def refuse_reading(self, wanted: frozenset[str] | None) -> None:
        """Refuse to show messages for these channels and wildcards; None: all messages.

        Raises:
            Refused: the token may not read one of them.
        """
        if wanted is None and not self.read >= ALL:
            raise self._refusal("read all messages (name channels or users)")
        for name in sorted(wanted or ()):
            if not _covers(self.read, name):
                raise self._refusal(f"read {name!r}")

    def shown(self) -> dict[str, Any]:
        """As it is told to who has the token."""
        return {
            "push": sorted(self.push),
            EVERYBODY: self.everybody,
            "read": sorted(self.read),
            **{flag: flag in self.flags for flag in FLAGS},
        }

    def _refusal(self, what: str) -> Refused:
        reason = f"the token {self.name!r} may not {what}; what it may: {self.words}"
        return Refused("insufficient_scope", reason)


def _names(right: str, listed: str) -> frozenset[str]:
    if right not in LISTED:
        raise ValueError(f"{right} takes no names")
    names = channels.names_in(listed)
    if not all(isinstance(name, str) and _is_possible(name) for name in names):
        raise ValueError(f"a name of {right}= can be news, news.*, user:42, user:* or *")
    return frozenset(names)


def _is_possible(name: str) -> bool:
    if name.startswith(channels.USER):
        return name == ALL_USERS or channels.is_user(name.removeprefix(channels.USER))
    return name == ALL_CHANNELS or channels.is_subscription(name)


def _covers(names: frozenset[str], wanted: str) -> bool:
    if (ALL_USERS if wanted.startswith(channels.USER) else ALL_CHANNELS) in names:
        return True
    return channels.reaches(wanted, names)
