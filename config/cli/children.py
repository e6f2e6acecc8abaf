"""Child processes that never outlive their parent, even if it is killed with -9.

On Linux the kernel tells a child that its parent is gone (prctl, PR_SET_PDEATHSIG).
Other systems have nothing like it: there, a parent killed with -9 leaves its children.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def spawn(
    command: Sequence[str],
    environ: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that Ctrl-C reaches the parent only.

    `keep_open` are descriptors that the child inherits; `output` takes what it prints.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def die_with_parent() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # It died before we could ask.
                os._exit(1)

    return subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509  # There are no threads yet.
        pass_fds=keep_open,
    )


def stop(child: subprocess.Popen[bytes], timeout: float) -> None:
    """End a child: politely at first, by force after `timeout` seconds."""
    child.terminate()
    await_end(child, timeout)


def await_end(child: subprocess.Popen[bytes], timeout: float) -> None:
    """Wait for a child that was told to end; by force after `timeout` seconds."""
    try:
        child.wait(timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
