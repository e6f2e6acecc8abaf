"""The JavaScript client, ready for npm. Both servers give its only file to pages, from here."""

import re
from importlib.resources import files


def module() -> bytes:
    """The ES module as it is served: without blank lines, and without lines that are comments."""
    text = files(__name__).joinpath("client.js").read_text("utf-8")
    return re.sub(r"(?m)^ *(//.*)?\n", "", text).encode()
