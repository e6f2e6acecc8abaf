"""The other addresses under which ThinkPHP serves the `Push` controller: they lead to `/push`.

Its routing takes any case, a slash or `.html` at the end, the action's name, and `index.php`
in front; or all of it as `?s=`. The path is changed before anything looks at it, so the guard,
the methods and the errors are the same for every address. Only `/push` has other addresses.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

PUSH = "/push"
OTHERS = re.compile(r"/*(?:index\.php/+)?push(?:/+index)?(?:\.html)?/*", re.IGNORECASE)
ENTRIES = frozenset(("/", "/index.php"))  # Where `s` says what is wanted.

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Aliases:
    """A WSGI application for which all of these are `/push`."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path != PUSH and is_push(path, environ.get("QUERY_STRING", "")):
            environ["PATH_INFO"] = PUSH
        return self._application(environ, start_response)


def is_push(path: str, query: str) -> bool:
    """Whether a path, unquoted, leads to `/push`; the query is as it was sent."""
    if path == PUSH:
        return True
    if path in ENTRIES and "s=" in query:
        path = dict(parse_qsl(query)).get("s", path)
    return OTHERS.fullmatch(path) is not None
