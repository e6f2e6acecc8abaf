"""Which tests go together to one process, and in which order, when several processes share them.

A file goes to one process, so that what its tests share is started once; whoever is done takes the
next file. So those that take long come first, and those of milliseconds fill what is left. Crowds
are one after the other: two at a time would wait for each other, and fail.
"""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

from xdist.scheduler import LoadScopeScheduling

T = TypeVar("T")

CROWDS = ("test_slots", "test_doors", "test_slow_loris", "test_bench")
# Files that take long, the longest first; all others of integration follow.
FIRST = (
    *CROWDS,
    "test_console_snippets",
    "test_examples",
    "test_serve",
    "test_js_client",
    "test_console_health",
    "test_console_connect",
    "test_main_job",
    "test_console_looks",
    "test_console",
    "test_distribution",
    "test_receipts",
    "test_example_programs",
    "test_console_who",
    "test_watching",
    "test_memory",
    "test_resume",
    "test_receipt_clients",
    "test_upgrade",
    "test_example_bell",
    "test_example_qr_login",
    "test_chaos",
    "test_python_client",
    "test_stalls",
    "test_proxies",
    "test_to_whom",
    "test_pipes",
    "test_console_pages",
    "test_protocol",
    "test_redis_failures",
    "test_who_may_listen",
    "test_signals",
    "test_graceful",
    "test_doctor",
    "test_console_secured",
)
FOLDERS = ("integration", "properties")  # In this order, and then all others.


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types.
    """Gives each process a file at a time, in the order in which they were found."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)


def together(nodeid: str) -> str:
    """Tests of the same name go to the same process."""
    path = nodeid.partition("::")[0]
    return "crowds" if PurePosixPath(path).stem in CROWDS else path


def ordered(tests: Sequence[T], place: Callable[[T], tuple[str, str]]) -> list[T]:
    """`tests` with the long ones first; `place` says in which folder and file one is."""

    def rank(test: T) -> tuple[int, int]:
        folder, name = place(test)
        at = FIRST.index(name) if folder == "integration" and name in FIRST else len(FIRST)
        return (FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS), at)

    return sorted(tests, key=rank)
