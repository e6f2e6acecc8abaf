"""In what text may come: UTF-8. What is said to be something else is refused, not guessed at."""

from common.refused import Refused

UTF_8 = frozenset({"", "utf-8", "utf8"})
UNICODE = UTF_8 | {"utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be"}
# In these ASCII is ASCII. Old libraries say them of all that they send.
LIKE_ASCII = frozenset(
    {"us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "gbk", "gb2312", "gb18030"}
)


def refuse_others(charset: str, *, is_ascii: bool, known: frozenset[str] = UTF_8) -> None:
    """Text in another charset would be delivered as something else.

    Raises:
        Refused: `charset` is none of `known`, and could make a difference.
    """
    named = charset.strip(" \t\"'").lower()
    if named in known or (is_ascii and named in LIKE_ASCII):
        return
    reason = f"charset {charset[:40]!r} is not read: send UTF-8"
    raise Refused("unsupported_media_type", reason)
