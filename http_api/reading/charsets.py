"""The charset of text in requests: UTF-8. Text that is declared as another one is refused."""

from common.refused import Refused

UTF_8 = frozenset({"", "utf-8", "utf8"})
UNICODE = UTF_8 | {"utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be"}
# ASCII is the same in all of these. Old libraries declare them for whatever they send.
LIKE_ASCII = frozenset(
    {"us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "gbk", "gb2312", "gb18030"}
)


def refuse_others(charset: str, *, is_ascii: bool, known: frozenset[str] = UTF_8) -> None:
    """Refuse text that is declared as another charset: it would be delivered as other text.

    Raises:
        Refused: `charset` is none of `known`, and the text is not the same in both.
    """
    named = charset.strip(" \t\"'").lower()
    if named in known or (is_ascii and named in LIKE_ASCII):
        return
    reason = f"charset {charset[:40]!r} is not read: send UTF-8"
    raise Refused("unsupported_media_type", reason)
