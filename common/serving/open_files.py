"""How many files (sockets, above all) a process may open, and what that affords.

Half of what is left is for slots of the web server: a process that has none answers nobody.
A slot is gunicorn's `worker_connections`: a socket that is accepted and not handed over.
"""

import resource

SLOTS = 512  # At once; whoever comes next waits.
OTHERS = 128  # Logs, modules, connections to Redis, what is lent to the kernel.
FEWEST_SLOTS = 8


def open_files(wanted: int) -> int:
    """How many of `wanted` files this process may open; its limit is raised if possible."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, soft)


def affordable_slots() -> int:
    """How many slots the web server may have."""
    left = open_files(2 * SLOTS + OTHERS) - OTHERS
    return max(FEWEST_SLOTS, min(SLOTS, left // 2))


def affordable_connections(wanted: int) -> int:
    """How many connections may be held besides."""
    rest = affordable_slots() + OTHERS
    return max(1, open_files(wanted + rest) - rest)
