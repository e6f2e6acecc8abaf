"""Where temporary files are written: the heartbeat of each worker is one, and a large form."""

import os
import tempfile

from config.errors import SettingsError

MEMORY = "/dev/shm"  # noqa: S108  # A folder of Linux, where no other can be written.


def need_temporary_files() -> None:
    """See to it that there is a place for them.

    Raises:
        SettingsError: there is nowhere to write one.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        if not os.access(MEMORY, os.W_OK | os.X_OK):
            raise SettingsError(
                "TMPDIR", "no folder for temporary files can be written; set TMPDIR to one"
            ) from None
        tempfile.tempdir = MEMORY
