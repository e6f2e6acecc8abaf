"""Multipart forms: a body and its boundary in, the parameters that mean something out.

The body is split at the boundary, not scanned: the time that takes depends on its length only.
A part that cannot be read is refused, as it may name the recipients. Files are allowed and
ignored, but a parameter cannot be a file. No I/O here.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from common.refused import Refused
from http_api.reading.forms import BLANK, add, name_of, no_text, too_many
from http_api.reading.limits import MOST_FIELDS, Limits

LONGEST_BOUNDARY = 200
LONGEST_HEAD = 2048  # Bytes of the headers of a part.
PARAMETER = re.compile(
    rb';[ \t]*([\w*-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*+))', re.DOTALL
)
ESCAPED = re.compile(rb"\\(.)")  # In quotation marks.
FILENAMES = (b"filename", b"filename*")
AS_IT_IS = (b"", b"7bit", b"8bit", b"binary")  # What a Content-Transfer-Encoding may say.


class Part(NamedTuple):
    """A field; `head` are its headers, each a line."""

    head: bytes
    name: bytes
    is_file: bool
    value: bytes


def of_multipart(body: bytes, boundary: str, charset: str, limits: Limits) -> dict[str, str]:
    """The parameters of a form.

    Raises:
        Refused: it is broken or has too many fields; a parameter is a file, or no text.
    """
    found: dict[str, str] = {}
    for part in _parts(body, boundary):
        name = name_of(part.name)
        if not name:
            continue
        if part.is_file:
            raise no_text(name, f"{name} came as a file: send it as text")
        if _header(part.head, b"content-transfer-encoding").lower() not in AS_IT_IS:
            raise no_text(name, f"{name} has a Content-Transfer-Encoding: send it as it is")
        add(found, name, part.value, _charset(part.head) or charset, limits)
    return found


def _parts(body: bytes, boundary: str) -> Iterator[Part]:
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii():
        raise _broken("its Content-Type has no boundary")
    delimiter = f"\r\n--{boundary}".encode()
    before, *pieces = (b"\r\n" + body).split(delimiter, MOST_FIELDS + 1)
    if not pieces or before.strip(BLANK):
        raise _broken("it does not begin with the boundary that its Content-Type names")
    for index, piece in enumerate(pieces):
        if piece.startswith(b"--"):
            if index + 1 < len(pieces) or piece[2:].strip(BLANK):
                raise _broken("something stands behind its end")
            return
        if index == MOST_FIELDS:
            raise too_many("form")
        yield _part(piece)
    raise _broken("it ends before its last boundary")


def _part(piece: bytes) -> Part:
    end = piece.find(b"\r\n\r\n", 0, LONGEST_HEAD)
    if end < 0 and len(piece) < LONGEST_HEAD and piece.endswith(b"\r\n"):
        end = len(piece) - 2  # Headers alone: an empty value.
    start, _, head = piece[: max(end, 0)].partition(b"\r\n")
    if end < 0 or start.strip(BLANK):
        raise _broken("the headers of a part have no end, or are too long")
    named = _parameters(_header(head, b"content-disposition"))
    names = [value for key, value in named if key == b"name"]
    if len(names) != 1:
        raise _broken("a part has no name, or several")
    is_file = any(key in FILENAMES for key, _ in named)
    return Part(head, ESCAPED.sub(rb"\1", names[0]), is_file, piece[end + 4 :])


def _header(head: bytes, wanted: bytes) -> bytes:
    """The value of a header; of several lines with this name all, joined with semicolons."""
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    return b";".join(value.strip() for name, _, value in lines if name.strip().lower() == wanted)


def _parameters(header: bytes) -> list[tuple[bytes, bytes]]:
    return [(key.lower(), quoted or bare) for key, quoted, bare in PARAMETER.findall(header)]


def _charset(head: bytes) -> str:
    named = dict(_parameters(_header(head, b"content-type")))
    return named.get(b"charset", b"").decode("latin-1")


def _broken(reason: str) -> Refused:
    return Refused("invalid_form", f"the form cannot be read: {reason}")
