"""The code of the last release, from the history of git: for what two versions do together."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from bench.lab import ROOT

VERSION = "0.2.0"
COMMIT = "c70d5900754fc13ac0bacfe3524bf36e23e7a191"
PACKAGES = ("common", "config", "http_api", "ws_server")


def extract(folder: Path) -> Path | None:
    """Put it into `folder`, and return that; None where there is no such history.

    So it is in a shallow clone, and in the sdist. It runs with the libraries of today.
    """
    git = shutil.which("git")
    if git is None:
        return None
    try:
        archive = subprocess.run(
            [git, "-C", str(ROOT), "archive", COMMIT, *PACKAGES],
            check=True,
            capture_output=True,
        ).stdout
    except subprocess.CalledProcessError:
        return None
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder
