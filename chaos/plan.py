"""Who is struck, how, and when: drawn from a seed, so that a run can be repeated.

A plan is only a list. What a strike does is the business of `chaos.stage` and
`chaos.scenes`; one that finds its victim down already does nothing. No I/O here.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import NamedTuple


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
    FORBID = "forbid"  # Our processes may not use a command of Valkey for a moment.
    TRIM = "trim"  # Somebody else trims the log, again and again for a moment.
    EVICT = "evict"  # A key is gone, as a Valkey that is full throws keys away if it may.
    FULL = "full"  # Valkey has no room for a moment: it takes nothing more, or throws keys away.
    RETURN = "return"  # Hundreds of clients come back to a server while Valkey stands still.
    HOLD = "hold"  # Hundreds of sockets hold the slots of two ports, as cheaply as they can.


HTTP_APIS, WS_SERVERS = ("http1", "http2"), ("ws1", "ws2")
HTTP_BESIDE = dict(zip(WS_SERVERS, HTTP_APIS, strict=True))
VALKEY = "valkey"
PUBLISHERS, READERS = ("publisher-a", "publisher-b"), ("reader-a", "reader-b")
REDIS_LINKS = ("redis-http1", "redis-http2", "redis-ws1", "redis-ws2")
READER_LINKS = ("to-ws1", "to-ws2")

SERVER_ACTS = (Act.KILL, Act.CRASH, Act.WORKER, Act.RETIRE, Act.STOP, Act.PAUSE, Act.TERM, Act.HUP)
PLAIN_ACTS = (Act.KILL, Act.KILL, Act.STOP, Act.TERM)
LINK_ACTS = (Act.CUT, Act.CUT, Act.FREEZE)
# These wait until nothing else is wrong, have a time of their own, and are measured.
SCENES = frozenset({Act.FULL, Act.RETURN, Act.HOLD})

SCENE_SECONDS = 12.0  # About what one takes.

HOWS: Mapping[Act, tuple[str, ...]] = {
    # What is forbidden; `@all` is everything.
    Act.FORBID: (
        *("xadd", "lpush", "set", "xtrim", "rpop", "lrange", "ltrim", "evalsha"),
        *("blmove", "xread", "xrange", "get", "@all"),
    ),
    Act.TRIM: ("0", "3", "30", "300"),  # Messages that are left.
    Act.EVICT: ("floor", "epoch", "log", "all"),
    Act.FULL: ("noeviction", "allkeys-lru", "allkeys-random"),  # Its maxmemory-policy.
    # How Valkey stands still: SIGSTOP, CLIENT PAUSE, DEBUG SLEEP. `+term`: in the middle of it the
    # server gets a SIGTERM.
    Act.RETURN: ("stop", "pause", "sleep", "stop+term", "pause+term"),
    # With what a slot is held: requests one after the other, ten at once, nothing, a head or
    # a body that dribbles, a body that is announced and does not come; or all of these.
    Act.HOLD: (
        *("keep-alive", "pipeline", "silent", "head", "body", "expect", "all"),
        *("keep-alive+term", "silent+term", "all+term"),
    ),
}

# Seconds: for how long a victim stays away, stopped or frozen. The longest are longer than
# REDIS_TIMEOUT and SLOW_CLIENT_SECONDS of the servers under test.
SHORTEST, USUAL, LONGEST = 0.05, 1.0, 6.0
MEAN_PAUSE = 0.9  # Seconds between two strikes.
SCENE_SHORTEST, SCENE_LONGEST = 2.0, 6.0


@dataclass(frozen=True, slots=True)
class Strike:
    """At `at` seconds, `victim` suffers `act`; `seconds` later it is itself again."""

    at: float
    victim: str
    act: Act
    seconds: float
    how: str = ""  # One of HOWS.


class Card(NamedTuple):
    """A strike that can be drawn; of a scene, how is drawn, too."""

    victim: str
    act: Act
    how: str = ""


def kind_of(victim: str) -> str:
    """Which of the rows of the report it belongs to."""
    if victim in READER_LINKS:
        return "reader link"
    if victim in REDIS_LINKS:
        return "Redis link"
    return victim.partition("-")[0].rstrip("12")


def deck(only: Collection[Act] = frozenset(Act)) -> list[Card]:
    """Every victim with every act that it can suffer, of those that are wanted."""
    acts = {
        **dict.fromkeys(HTTP_APIS, SERVER_ACTS),
        **dict.fromkeys(WS_SERVERS, (*SERVER_ACTS, Act.HOLD, Act.RETURN)),
        **dict.fromkeys((*PUBLISHERS, *READERS), PLAIN_ACTS),
        VALKEY: (*PLAIN_ACTS, Act.POWER, Act.FULL),
        **dict.fromkeys(REDIS_LINKS + READER_LINKS, LINK_ACTS),
    }
    cards = [Card(victim, act) for victim, its in acts.items() for act in its]
    for act in (Act.FORBID, Act.TRIM, Act.EVICT):
        cards += [Card(VALKEY, act, how) for how in HOWS[act]]
    return [card for card in cards if card.act in only]


def draw(
    seed: int, seconds: float, pause: float = MEAN_PAUSE, only: Collection[Act] = frozenset(Act)
) -> Iterator[Strike]:
    """Strikes within so many seconds: all of the deck, shuffled, again and again.

    `pause` is the mean time between two, in seconds.
    """
    random = Random(seed)
    at = pause
    while True:
        cards = deck(only)
        random.shuffle(cards)
        for card in cards:
            if at >= seconds:
                return
            strike = _drawn(random, card, at)
            yield strike
            at += SCENE_SECONDS if strike.act in SCENES else 0.0
            # Now and then two at nearly the same moment: one fault seldom comes alone.
            at += random.expovariate(1 / pause)


def _drawn(random: Random, card: Card, at: float) -> Strike:
    if card.act in SCENES:
        how = random.choice(HOWS[card.act])
        lasts = random.uniform(SCENE_SHORTEST, SCENE_LONGEST)
    else:
        how = card.how
        lasts = min(LONGEST, SHORTEST + random.expovariate(1 / USUAL))
    return Strike(round(at, 3), card.victim, card.act, round(lasts, 3), how)
