"""What others have said, for people to read in a terminal."""

LONGEST = 300


def printable(text: str) -> str:
    """`text` on one short line, without what a terminal would take for an order."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text[:LONGEST])
