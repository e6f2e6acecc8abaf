"""The arrows between the rooms: which folder of the code may import from which.

A room is a folder. A new arrow needs a line here, and it must lead down: no room is above
itself, and there are few floors.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("common", "config", "http_api", "ws_server")
MOST_FLOORS = 8

ARROWS = {
    "config": set[str](),
    "config.cli": {"common.serving", "config"},
    "common": {"config"},
    "common.store": {"common", "config"},
    "common.serving": {"config"},
    "http_api": {"common", "common.serving", "common.store", "config"},
    "ws_server.wire": {"common"},
    "ws_server.log": {"common", "common.store", "ws_server.wire"},
    "ws_server.door": {"common", "config"},
    "ws_server.clients": {
        "common",
        "ws_server.door",
        "ws_server.log",
        "ws_server.wire",
    },
    "ws_server.inbox": {"common", "ws_server.clients", "ws_server.door", "ws_server.wire"},
    "ws_server.relay": {
        "common",
        "common.store",
        "ws_server.clients",
        "ws_server.door",
        "ws_server.wire",
    },
    "ws_server": {
        "common",
        "common.serving",
        "common.store",
        "config",
        "ws_server.clients",
        "ws_server.door",
        "ws_server.inbox",
        "ws_server.log",
        "ws_server.relay",
        "ws_server.wire",
    },
}
OWNERS = {
    "redis": {"common/store/line.py"},
    "wsproto": {"config/cli/ws_client.py", "ws_server/wire/inbound.py"},
    "jwt": {"ws_server/door/jwks.py", "ws_server/door/sign.py", "ws_server/door/tokens.py"},
}


def sources(package: str) -> Iterator[Path]:
    return (ROOT / package).rglob("*.py")


@cache
def imported(path: Path) -> frozenset[str]:
    """The modules that a file imports, wherever in it; `from a import b` is `a` and `a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in {path}"
            names |= {node.module or "", *(f"{node.module}.{each.name}" for each in node.names)}
    return frozenset(names)


def room_of(module: str) -> str | None:
    """The room in which a module is; None if it is no module of ours."""
    path = ROOT.joinpath(*module.split("."))
    if module.partition(".")[0] not in PACKAGES or not path.with_suffix(".py").is_file():
        return None
    return module.rpartition(".")[0]


def arrows() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in sources(package):
            room = ".".join(path.relative_to(ROOT).parent.parts)
            rooms = {room_of(module) for module in imported(path)}
            found.setdefault(room, set()).update(each for each in rooms if each and each != room)
    return found


def floor_of(room: str) -> int:
    return 1 + max(map(floor_of, ARROWS[room]), default=0)


def test_the_arrows_between_the_rooms_are_known() -> None:
    assert arrows() == ARROWS


def test_every_arrow_leads_down_and_there_are_few_floors() -> None:
    """A circle would never come to an end here."""
    assert max(map(floor_of, ARROWS)) <= MOST_FLOORS


@pytest.mark.parametrize(("library", "owners"), OWNERS.items())
def test_few_files_speak_to_each_outside_thing(library: str, owners: set[str]) -> None:
    importers = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in sources(package)
        if library in {module.partition(".")[0] for module in imported(path)}
    }
    assert importers == owners


def test_only_who_asks_for_tokens_pays_for_their_library() -> None:
    """It takes 8 MB in each process."""
    program = "import sys, ws_server.process; sys.exit('jwt' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
