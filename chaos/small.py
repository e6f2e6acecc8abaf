"""The fixed plans of `make test`: each kind of fault once or twice, in a short time."""

from collections.abc import Mapping
from dataclasses import dataclass

from chaos.plan import VALKEY, Act, Strike


@dataclass(frozen=True, slots=True)
class Small:
    """A plan, and how long strikes are made; scenes may take longer."""

    strikes: tuple[Strike, ...]
    seconds: float


KILLS = Small(
    (
        Strike(0.5, "redis-ws1", Act.CUT, 0.1),
        Strike(1.0, "ws1", Act.CRASH, 1.0),
        Strike(1.5, "http1", Act.KILL, 0.5),
        Strike(2.5, "reader-a", Act.KILL, 0.3),
        Strike(3.5, VALKEY, Act.KILL, 0.5),
        Strike(4.5, "publisher-a", Act.KILL, 0.2),
        Strike(5.0, "to-ws1", Act.CUT, 0.1),
        Strike(5.2, "to-ws2", Act.CUT, 0.1),
        Strike(5.5, "ws2", Act.TERM, 0.5),
        Strike(6.0, "http2", Act.WORKER, 0.1),
        Strike(7.0, "redis-http1", Act.CUT, 0.1),
        Strike(7.5, VALKEY, Act.STOP, 0.7),
        Strike(8.5, "ws1", Act.HUP, 0.1),
        Strike(9.0, "ws2", Act.PAUSE, 0.5),
        Strike(9.5, "to-ws1", Act.FREEZE, 1.0),
        Strike(10.0, "redis-ws2", Act.FREEZE, 2.2),
        Strike(10.5, "reader-b", Act.STOP, 0.5),
        Strike(11.5, "ws1", Act.WORKER, 0.1),
    ),
    seconds=13.0,
)

# What others do to Valkey, while nobody is killed.
OTHERS = Small(
    (
        Strike(0.3, VALKEY, Act.FORBID, 0.5, "xadd"),
        Strike(1.1, VALKEY, Act.FORBID, 0.4, "set"),
        Strike(1.8, VALKEY, Act.FORBID, 0.4, "rpop"),
        Strike(2.5, VALKEY, Act.FORBID, 0.4, "lpush"),
        Strike(3.2, VALKEY, Act.FORBID, 0.3, "@all"),
        # One who is behind while the log is trimmed: a process, then clients.
        Strike(4.2, "ws1", Act.PAUSE, 1.0),
        Strike(4.5, VALKEY, Act.TRIM, 0.6, "3"),
        Strike(5.5, "to-ws1", Act.CUT, 0.1),
        Strike(5.5, "to-ws2", Act.CUT, 0.1),
        Strike(5.6, VALKEY, Act.TRIM, 0.6, "0"),
        Strike(6.6, VALKEY, Act.EVICT, 0.1, "floor"),
        Strike(7.2, VALKEY, Act.EVICT, 0.1, "epoch"),
        Strike(7.8, "ws2", Act.PAUSE, 0.6),
        Strike(8.1, VALKEY, Act.EVICT, 0.1, "log"),
        Strike(9.0, VALKEY, Act.FULL, 1.0, "noeviction"),
        Strike(9.3, VALKEY, Act.FULL, 1.5, "allkeys-random"),
    ),
    seconds=9.5,
)

CROWDS = Small(
    (
        Strike(0.1, "ws2", Act.RETURN, 2.0, "stop"),
        Strike(0.3, "ws2", Act.HOLD, 5.5, "keep-alive+term"),
    ),
    seconds=0.4,
)

SMALLS: Mapping[str, Small] = {"kills": KILLS, "others": OTHERS, "crowds": CROWDS}
