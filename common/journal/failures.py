"""An exception as it may be logged: where it was raised and its type, but not what it says.

What an exception says may quote a content or a token: `int('…')` does. Only of those types whose
words are of the code or of the operating system, they are told. No I/O here.
"""

import traceback
from collections.abc import Iterator

# A name in the code that there is not, or a module.
FROM_CODE = (NameError, ImportError)
HEAD = "Traceback (most recent call last):\n"  # As Python says it: it is what people look for.


def told(problem: BaseException) -> str:
    """The exception and those that led to it, the first of them first."""
    parts = []
    for each in _chain(problem):
        frames = "".join(traceback.format_tb(each.__traceback__))
        parts.append(f"{HEAD if frames else ''}{frames}{name_of(each)}")
    return "\n".join(reversed(parts))


def name_of(problem: BaseException) -> str:
    """Its type, and its words where they cannot be anybody's."""
    kind = type(problem)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    if isinstance(problem, OSError) and problem.strerror:
        return f"{name}: {problem.strerror}"
    return f"{name}: {problem}" if kind in FROM_CODE else name


def _chain(problem: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = problem
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        hidden = each.__suppress_context__
        each = each.__cause__ or (None if hidden else each.__context__)
