"""The arrows between the packages: http_api and ws_server use common, everything may use config."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"http_api", "ws_server", "common", "config"}
MAY_IMPORT = {
    "http_api": {"http_api", "common", "config"},
    "ws_server": {"ws_server", "common", "config"},
    "common": {"common", "config"},
    "config": {"config"},
}
OWNERS = {
    "redis": {"common/line.py"},
    "wsproto": {"config/ws_client.py", "ws_server/inbound.py"},
    "jwt": {"ws_server/jwks.py", "ws_server/sign.py", "ws_server/tokens.py"},
}


def imported(path: Path) -> set[str]:
    """The top-level names that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in {path}"
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_the_arrows_hold(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        beyond = (imported(path) & PACKAGES) - MAY_IMPORT[package]
        assert not beyond, f"{path.relative_to(ROOT)} imports {beyond}"


@pytest.mark.parametrize(("library", "owners"), OWNERS.items())
def test_few_files_speak_to_each_outside_thing(library: str, owners: set[str]) -> None:
    importers = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if library in imported(path)
    }
    assert importers == owners


def test_only_who_asks_for_tokens_pays_for_their_library() -> None:
    """It takes 8 MB in each process."""
    program = "import sys, ws_server.process; sys.exit('jwt' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
