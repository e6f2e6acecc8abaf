""".env.example: every setting with its default, commented out, and what it means."""

from config.setting import describe_group
from config.settings import GROUPS
from docs.reference.language import ENGLISH
from docs.reference.settings import allowed, title_of

HEAD = """\
# Every setting with its default. Copy this file to .env and take the # off what you change.
# The environment wins over .env. Generated from config/groups.py by `make docs`.
"""


def text() -> str:
    return "\n".join([HEAD, *map(_group, GROUPS)])


def _group(group: type) -> str:
    lines = [f"# --- {title_of(group)} ---", ""]
    for each in describe_group(group):
        bounds = allowed(each, ENGLISH)
        lines += [f"# {each.meaning}" + (f" ({bounds})" if bounds else "")]
        lines += [f"#{each.name}={_quoted(each.default)}", ""]
    return "\n".join(lines)


def _quoted(value: str) -> str:
    """Blanks at its ends belong to it."""
    return value if value == value.strip() else f'"{value}"'
