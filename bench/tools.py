"""The C programs, compiled when their source is newer. No build system."""

import shutil
import subprocess
from pathlib import Path

from bench.errors import BenchFailed

SOURCES = Path(__file__).parent
BUILD = SOURCES / "build"
NAMES = ("client", "door", "floor", "push", "rolling")


def compiler() -> str | None:
    """The C compiler of this machine, if it has one."""
    return shutil.which("cc")


def build(folder: Path) -> Path:
    """Compile what is out of date into `folder`, and return it.

    Raises:
        BenchFailed: there is no C compiler, or it fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    headers = list(SOURCES.glob("*.h"))
    for name in NAMES:
        source, target = SOURCES / f"{name}.c", folder / name
        newest = max(each.stat().st_mtime for each in (source, *headers))
        if not target.exists() or target.stat().st_mtime < newest:
            _compile(source, target)
    return folder


def _compile(source: Path, target: Path) -> None:
    cc = compiler()
    if cc is None:
        raise BenchFailed(
            "there is no C compiler (cc), and the load client is written in C: "
            "install one, on Debian with `apt-get install gcc libc6-dev`"
        )
    done = subprocess.run(
        [cc, "-O2", "-Wall", "-o", str(target), str(source)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise BenchFailed(f"cc {source.name}: {done.stderr}")
