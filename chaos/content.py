"""What is pushed: each content is made from its label and says which label it has.

So a reader needs to write down only the label, and any change on the way shows. No I/O here.
"""

import zlib

PREFIX = "chaos: "  # MESSAGE_PREFIX of the servers under test.
FILLERS = ("x", "消息", "😀 ", '"\\\t', "line\n", "<b>&amp;</b> ")  # What escaping could spoil.
CHANNELS = (None, "chaos.a", "chaos.b.c")  # Where messages are pushed to; None: to everybody.
LISTEN = "chaos.*"  # What all readers listen to: so each has to get every message.
LONG, LONGER = 40, 400  # Every so many-th is long: it takes more than one write or one page.


def label(publisher: str, number: int) -> str:
    """The name of one message: it is pushed once, or tried until it is."""
    return f"{publisher}-{number}"


def content(label: str) -> str:
    """The whole content of the message with this label, always the same."""
    draw = zlib.crc32(label.encode())
    size = draw % 160
    if draw % LONGER == 0:
        size = 15_000
    elif draw % LONG == 0:
        size = 3_000
    filler = FILLERS[draw % len(FILLERS)]
    return f"{label} {(filler * (size // len(filler) + 1))[:size]}."


def channel(label: str) -> str | None:
    """To which of CHANNELS the message with this label is pushed, always the same."""
    return CHANNELS[zlib.crc32(label.encode()) // 7 % len(CHANNELS)]


def label_of(text: str) -> str:
    """The label of a content; of one that was never made like this, '?' and its beginning."""
    found = text.partition(" ")[0]
    return found if text == content(found) else f"?{text[:40]!a}"
