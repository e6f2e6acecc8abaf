"""What a process has used, as Linux tells it. It measures nothing but from outside."""

from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads so far, to the nanosecond (`/proc/PID/stat` counts ticks)."""
    used = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        used += int((task / "schedstat").read_text().split()[0])
    return used / 1e9


def memory_bytes(pid: int) -> int:
    """The process's share of memory (Pss): pages shared with its parent count in part."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Pss":
            return int(value.split()[0]) * 1024
    raise AssertionError("smaps_rollup without Pss")


def threads(pid: int) -> int:
    """How many threads it has now."""
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def children(pid: int) -> list[int]:
    """The processes that it has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]
