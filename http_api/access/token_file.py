"""PUSH_TOKENS_FILE: more push tokens, each with what it may do.

A line is `name:token`, and then perhaps a scope (`http_api/access/scope.py`). What follows `#` is a
comment. It is read by the master process, at the start and at each SIGHUP. No error shows a token.
"""

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from config.checks import BEARER
from config.errors import SettingsError
from config.settings import Settings
from http_api.access.scope import Scope

log = logging.getLogger(__name__)

SETTING = "PUSH_TOKENS_FILE"
LINE = "must be name:token, the token 16 letters, digits or -._~+/= at least, then what it may do"

Tokens = Sequence[tuple[str, ...]]


def with_file_tokens(settings: Settings) -> Settings:
    """`settings` with the tokens of the file, if there is one, besides those of PUSH_TOKENS.

    Raises:
        SettingsError: the file cannot be used.
    """
    if not settings.push_tokens_file:
        return settings
    try:
        tokens = (*settings.push_tokens, *_read(settings.push_tokens_file))
        _refuse_repeated(tokens)
    except ValueError as problem:
        raise SettingsError(SETTING, str(problem)) from None
    return replace(settings, push_tokens=tokens)


def reread(written: Settings, now: Settings) -> Settings:
    """The settings for new workers; if the file is bad, those of `now`, and the log says why."""
    try:
        new = with_file_tokens(written)
    except SettingsError as problem:
        log.error("%s. The tokens from before are still those that count", problem)
        return now
    if written.push_tokens_file:
        old_names, new_names = ({each[0] for each in of.push_tokens} for of in (now, new))
        log.info(
            "%s was read again: %d tokens now; new: %s; gone: %s",
            SETTING,
            len(new.push_tokens),
            ", ".join(sorted(new_names - old_names)) or "none",
            ", ".join(sorted(old_names - new_names)) or "none",
        )
    return new


def _read(path: str) -> list[tuple[str, ...]]:
    try:
        text = Path(path).read_text("utf-8-sig")
    except OSError as problem:
        raise ValueError(f"cannot read {path}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8") from None
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if written := line.partition("#")[0].strip():
            try:
                found.append(_token(written))
            except ValueError as problem:
                raise ValueError(f"line {number} of {path}: {problem}") from None
    if not found:
        # Half written, perhaps. It must not open the API to everybody.
        raise ValueError(f"{path} has no token")
    return found


def _token(line: str) -> tuple[str, ...]:
    pair, *words = line.split(maxsplit=1)
    name, _, token = pair.partition(":")
    if not (re.fullmatch(r"[\w.-]+", name) and re.fullmatch(BEARER, token)):
        raise ValueError(LINE)
    if not words:
        return name, token
    Scope.parse(name, words[0])
    return name, token, words[0]


def _refuse_repeated(tokens: Tokens) -> None:
    for name, count in Counter(each[0] for each in tokens).items():
        if count > 1:
            raise ValueError(f"{name!r} is the name of two tokens, perhaps of one in PUSH_TOKENS")
    if len({each[1] for each in tokens}) < len(tokens):
        raise ValueError("two names have the same token, perhaps one of PUSH_TOKENS")
