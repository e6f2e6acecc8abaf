"""The rooms of the house: its folders, what they import of each other, and on which floor each is.

Read from the code, for the picture of it and for the test that knows the arrows.
"""

import ast
from collections.abc import Mapping, Set
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("common", "config", "http_api", "ws_server")


def sources() -> list[Path]:
    """All modules of the product."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def imported(path: Path) -> frozenset[str]:
    """The modules that a file imports, wherever in it; `from a import b` is `a` and `a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{each.name}" for each in node.names)}
    return frozenset(names)


def room_of(path: Path) -> str:
    """The room in which a file is, such as `ws_server.relay`."""
    return ".".join(path.relative_to(ROOT).parent.parts)


def arrows() -> dict[str, set[str]]:
    """Each room, and the rooms that it imports from."""
    found: dict[str, set[str]] = {}
    for path in sources():
        rooms = {_room_of_module(module) for module in imported(path)}
        found.setdefault(room_of(path), set()).update(rooms - {"", room_of(path)})
    return found


def floor_of(room: str, arrows: Mapping[str, Set[str]]) -> int:
    """1 for a room that imports from no other; else one above the highest that it imports from."""
    return 1 + max((floor_of(below, arrows) for below in arrows[room]), default=0)


def _room_of_module(module: str) -> str:
    """Empty if it is no module of ours."""
    package, room = module.partition(".")[0], module.rpartition(".")[0]
    is_ours = package in PACKAGES and ROOT.joinpath(*module.split(".")).with_suffix(".py").is_file()
    return room if is_ours else ""
