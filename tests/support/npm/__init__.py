"""Libraries from npm: those of `package.json` beside this file.

NPM_LIBRARIES names a folder in which they are installed, as `.ci/run` has one where npm can get
them. Without it they are asked of npm with LONG=1 only; else the tests that need them are skipped.
"""

import atexit
import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.support.programs import need, need_long, run

HERE = Path(__file__).parent


def node_modules(folder: Path) -> Path:
    """The same libraries as `folder/node_modules`, for programs that are put there."""
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(_libraries() / "node_modules")
    return modules


def program(folder: Path, script: Path) -> Path:
    """A copy of a script in this folder, where it finds the libraries."""
    node_modules(folder)
    return Path(shutil.copy(script, folder))


def _libraries() -> Path:
    need("node")
    if "NPM_LIBRARIES" in os.environ:
        return Path(os.environ["NPM_LIBRARIES"])
    need_long()
    need("npm")
    return _install()


@cache
def _install() -> Path:
    folder = Path(mkdtemp(prefix="npm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copy(HERE / "package.json", folder)
    run(["npm", "install", "--silent", "--no-save", "--no-audit", "--prefix", str(folder)], folder)
    return folder
