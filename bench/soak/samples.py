"""What is looked at while it runs: memory, descriptors, objects, and all keys of Redis."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import redis

from bench.publisher import KEY
from bench.soak.slope import Point

MIB = 1024 * 1024
PREFIX = b"{%b}:" % KEY
LENGTHS = {
    b"list": "LLEN",
    b"stream": "XLEN",
    b"hash": "HLEN",
    b"set": "SCARD",
    b"zset": "ZCARD",
}
Key = tuple[str, str]  # The kind of figure, and whose it is.


class Samples:
    """Series of figures: each kind for each process, or for each kind of key."""

    def __init__(self, pids: Mapping[str, int], redis_port: int, objects: Path) -> None:
        self.series: defaultdict[Key, list[Point]] = defaultdict(list)
        self._pids = pids
        self._objects = objects
        self.redis: Any = redis.Redis(port=redis_port)
        self._begin = monotonic()

    def take(self) -> None:
        """Look once.

        Raises:
            FileNotFoundError: a process is gone.
        """
        now = monotonic() - self._begin
        for name, pid in self._pids.items():
            for kind, value in (process_figures(pid) | self._counted(pid)).items():
                self.series[kind, name].append((now, value))
        self.series["redis", "used_memory"].append((now, self._used_memory()))
        entries = self._entries()
        known = {name for kind, name in self.series if kind == "keys"}
        for name in known | entries.keys():
            self.series["keys", name].append((now, entries[name]))

    def close(self) -> None:
        """Leave Redis."""
        self.redis.close()

    def _counted(self, pid: int) -> dict[str, float]:
        """As the class `Counting` has written it."""
        path = self._objects / str(pid)
        figures = path.read_text().partition("\n\n")[0] if path.exists() else ""
        pairs = (line.split(" ", 1) for line in figures.splitlines())
        return {name: float(value) for value, name in pairs}

    def _used_memory(self) -> float:
        return int(self.redis.info("memory")["used_memory"]) / MIB

    def _entries(self) -> Counter[str]:
        """How many entries the keys of each kind have together, and how many keys there are."""
        names = list(self.redis.scan_iter(count=1000))
        types = self._ask([("TYPE", name) for name in names])
        commands = [LENGTHS.get(kind, "EXISTS") for kind in types]
        counts = self._ask([*zip(commands, names, strict=True)])
        found = Counter({"all keys": len(names)})
        for name, count in zip(names, counts, strict=True):
            found[kind_of(name)] += count
        return found

    def _ask(self, commands: list[tuple[object, ...]]) -> list[Any]:
        with self.redis.pipeline(transaction=False) as asked:
            for command in commands:
                asked.execute_command(*command)
            answers: list[Any] = asked.execute()
        return answers


def kind_of(name: bytes) -> str:
    """The first word of a key, without whose it is; with a colon, if it is one of many."""
    if name == KEY:
        return "queue"
    word, colon, _ = name.removeprefix(PREFIX).partition(b":")
    return (word + colon).decode(errors="replace")


def process_figures(pid: int) -> dict[str, float]:
    """Memory in MiB, and descriptors, as Linux tells them.

    Of memory, what is in no file. Programs of others share the rest: our part of that (PSS) changes
    when one of them begins or ends.
    """
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    anonymous = next(line for line in lines if line.startswith("Anonymous:"))
    descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return {"anonymous": int(anonymous.split()[1]) * 1024 / MIB, "descriptors": descriptors}
