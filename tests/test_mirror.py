"""`tests/` mirrors the packages: who looks for the tests of a module knows where they are.

The tests of `common/store/log.py` are in `tests/common/store/test_log.py`. Where one file would be
too long, another one has a second word: `test_log_loss.py`. Lua and JSON have tests like modules.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.support.processes import ROOT

PACKAGES = ("common", "config", "http_api", "ws_server")
CLIENT = ROOT / "clients/python/message_center_client"  # Its tests are in tests/clients/python.
KINDS = (".py", ".lua", ".json")
NOT_MODULES = {"__init__", "__main__"}  # The latter are started as a whole by tests/integration.
WITHOUT_TESTS_OF_ITS_OWN = {
    "common/serving/stopping.py",  # A declaration.
    "config/errors.py",  # The root of common/errors.py, and tested with the tree.
    "config/groups.py",  # Declarations: tests/config/test_settings.py takes each of them.
    "ws_server/clients/progress.py",  # A protocol.
    "ws_server/clients/witness.py",  # Nothing but its names.
}
# Of several modules: what their loops do when something fails that nobody foresaw.
OF_SEVERAL = ["tests/ws_server/pusher/test_strangers.py", "tests/ws_server/test_loops.py"]


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.stem not in NOT_MODULES:
                yield path.relative_to(ROOT)


def test_every_module_has_its_tests() -> None:
    without = {
        str(path)
        for path in modules()
        if not (ROOT / "tests" / path.parent / f"test_{path.name}").is_file()
    }

    assert without == WITHOUT_TESTS_OF_ITS_OWN


def test_every_module_of_the_client_has_its_tests_and_no_other_file_is_there() -> None:
    modules = {path.stem for path in CLIENT.glob("*.py")} - NOT_MODULES
    tests = (ROOT / "tests/clients/python").glob("test_*.py")

    assert {path.stem.removeprefix("test_") for path in tests} == modules


def is_of_a_module(test: Path) -> bool:
    """Whether a test file is named, as a whole or by its first words, by a module of its folder."""
    folder = ROOT / test.parent.relative_to(ROOT / "tests")
    words = test.stem.split("_")[1:]
    names = ["_".join(words[: end + 1]) for end in range(len(words))]
    return any((folder / f"{name}{kind}").is_file() for name in names for kind in KINDS)


def test_every_file_of_tests_is_named_by_a_module() -> None:
    tests = [path for package in PACKAGES for path in (ROOT / "tests" / package).rglob("test_*.py")]

    of_several = [str(path.relative_to(ROOT)) for path in tests if not is_of_a_module(path)]
    assert sorted(of_several) == OF_SEVERAL


def test_nothing_is_imported_from_a_file_of_tests() -> None:
    """What several need is in tests/support."""
    files = [
        path for folder in ("bench", "chaos", "tests") for path in (ROOT / folder).rglob("*.py")
    ]

    assert [
        f"{path.relative_to(ROOT)}: {line}"
        for path in files
        for line in path.read_text("utf-8").splitlines()
        if line.startswith(("from tests", "import tests")) and ".test_" in line
    ] == []


def test_property_tests_are_in_one_place() -> None:
    elsewhere = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.parent.name != "properties" and "\nfrom hypothesis" in path.read_text("utf-8")
    ]

    assert elsewhere == []
