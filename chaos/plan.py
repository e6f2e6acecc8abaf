"""Who is struck, how, and when: drawn from a seed, so that a run can be repeated.

A plan is only a list. What a strike does is the business of `chaos.stage`; one
that finds its victim down already does nothing. No I/O here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Act(StrEnum):
    """What happens to a victim."""

    KILL = "kill"  # kill -9; of a server, its master only.
    POWER = "power"  # kill -9 of Valkey, and what it wrote in its last second is gone.
    CRASH = "crash"  # kill -9 of a master and all its workers at once.
    WORKER = "worker"  # kill -9 of one worker.
    RETIRE = "retire"  # SIGTERM to one worker.
    STOP = "stop"  # SIGSTOP for a moment.
    PAUSE = "pause"  # SIGSTOP of one worker for a moment.
    TERM = "term"  # SIGTERM.
    HUP = "hup"  # SIGHUP.
    CUT = "cut"  # Half of the connections of a link end, in the middle of what they carry.
    FREEZE = "freeze"  # A link carries nothing for a moment.


HTTP_APIS, WS_SERVERS = ("http1", "http2"), ("ws1", "ws2")
VALKEY = "valkey"
PUBLISHERS, READERS = ("publisher-a", "publisher-b"), ("reader-a", "reader-b")
REDIS_LINKS = ("redis-http1", "redis-http2", "redis-ws1", "redis-ws2")
READER_LINKS = ("to-ws1", "to-ws2")

SERVER_ACTS = (Act.KILL, Act.CRASH, Act.WORKER, Act.RETIRE, Act.STOP, Act.PAUSE, Act.TERM, Act.HUP)
PLAIN_ACTS = (Act.KILL, Act.KILL, Act.STOP, Act.TERM)
LINK_ACTS = (Act.CUT, Act.CUT, Act.FREEZE)

# Seconds: for how long a victim stays away, stopped or frozen. The longest are longer than
# REDIS_TIMEOUT and SLOW_CLIENT_SECONDS of the servers under test.
SHORTEST, USUAL, LONGEST = 0.05, 1.0, 6.0
MEAN_PAUSE = 0.9  # Seconds between two strikes.


@dataclass(frozen=True, slots=True)
class Strike:
    """At `at` seconds, `victim` suffers `act`; `seconds` later it is itself again."""

    at: float
    victim: str
    act: Act
    seconds: float


def kind_of(victim: str) -> str:
    """Which of the rows of the report it belongs to."""
    if victim in READER_LINKS:
        return "reader link"
    if victim in REDIS_LINKS:
        return "Redis link"
    return victim.partition("-")[0].rstrip("12")


def deck() -> list[tuple[str, Act]]:
    """Every victim with every act that it can suffer."""
    acts = {
        **dict.fromkeys(HTTP_APIS + WS_SERVERS, SERVER_ACTS),
        **dict.fromkeys((*PUBLISHERS, *READERS), PLAIN_ACTS),
        VALKEY: (*PLAIN_ACTS, Act.POWER),
        **dict.fromkeys(REDIS_LINKS + READER_LINKS, LINK_ACTS),
    }
    return [(victim, act) for victim, its in acts.items() for act in its]


def draw(seed: int, seconds: float, pause: float = MEAN_PAUSE) -> Iterator[Strike]:
    """Strikes within so many seconds: all of the deck, shuffled, again and again.

    `pause` is the mean time between two, in seconds.
    """
    random = Random(seed)
    at = pause
    while True:
        cards = deck()
        random.shuffle(cards)
        for victim, act in cards:
            if at >= seconds:
                return
            away = min(LONGEST, SHORTEST + random.expovariate(1 / USUAL))
            yield Strike(round(at, 3), victim, act, round(away, 3))
            # Now and then two at nearly the same moment: one fault seldom comes alone.
            at += random.expovariate(1 / pause)


# For `make test`: each kind of fault once or twice, in a quarter of a minute.
SMALL_SECONDS = 13.0
SMALL = (
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
)
