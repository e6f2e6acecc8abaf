"""One run, as a list of steps: start, load, blow after blow, the end, and what each page heard.

After each blow all pages must be back, and who is in the room must be known to each of them and to
the HTTP API, before the next one falls. A visitor comes into the room or leaves it meanwhile.
"""

import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from random import Random
from time import monotonic, sleep, time
from urllib.request import urlopen

from chaos.pages.audience import Audience
from chaos.pages.backend import CHANNELS, ROOM, Api, Load, count_waiting, numbers_in_log
from chaos.pages.cast import HTTP, WORKERS, WS, Cast
from chaos.pages.check import Tally, check, thought_gone
from chaos.plan import VALKEY
from chaos.wrong import Wrong

PAGES, VISITOR = tuple(f"page-{number}" for number in range(6)), "visitor"
# Who must hear everything, of what; the visitor in the room hears what it can.
PLACES = [*product(PAGES, CHANNELS), *product([VISITOR], CHANNELS[:-1])]
LOAD_PAUSE = 0.01  # Seconds between two numbers: 20 to 30 a second for each channel.
TICK = 0.02
READY = 60.0  # Seconds, for a busy machine.
# Who is in the room is right at the latest when the lease of a worker that was killed is over.
RIGHT = 40.0
KILLED, RETIRED = "kill -9 of a worker", "SIGTERM to a worker"
CRASHED, STOPPED = "kill -9 of Valkey", "SIGTERM to Valkey"
BLOWS = (KILLED, RETIRED, CRASHED, STOPPED)
# Seconds after which a page may be thought gone, if it has not come back: a little less than what
# is promised, as the worker has noted it a little earlier.
TIME_TO_RETURN = {KILLED: 4.5, RETIRED: 2.7}
AWAY = 0.3  # Seconds that Valkey is away.


@dataclass(slots=True)
class Result:
    """What came of a run."""

    blows: Counter[str] = field(default_factory=Counter)
    back: dict[str, list[float]] = field(default_factory=dict)  # Seconds until all was right again.
    tally: Tally = field(default_factory=Tally)
    logged: int = 0
    wrong: list[Wrong] = field(default_factory=list)


def draw(kills: int, seed: int) -> list[str]:
    """All kinds as often as each other, shuffled; but workers are killed twice as often."""
    deck = [(KILLED, *BLOWS)[at % (len(BLOWS) + 1)] for at in range(kills)]
    Random(seed).shuffle(deck)
    return deck


class Run:
    """`play` is the list of steps."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        say: Callable[[str], None],
        fsync: str = "always",
    ) -> None:
        self._folder = folder
        self._cast = Cast(folder, fsync)
        self._actors = self._cast.actors
        self._command = command
        self._say = say
        self._blows: list[tuple[float, str]] = []
        self._has_visitor = False
        self.result = Result()

    def play(self, kills: Sequence[str], pause: float, random: Random) -> Result:
        """Leaves no process behind."""
        try:
            self._start()
            names = (*PAGES, VISITOR)
            port, log = self._cast.ports[WS], self._folder / "pages.log"
            audience = Audience(self._command, port, names, log)
            try:
                self._play_with(audience, kills, pause, random)
            finally:
                audience.end()
        finally:
            self._end()
        for actor in self._actors.values():
            for error, times in actor.tracebacks().items():
                self._wrong("traceback", actor.name, f"{error} ({times} times)")
        return self.result

    def _play_with(
        self, audience: Audience, kills: Sequence[str], pause: float, random: Random
    ) -> None:
        for name in PAGES:
            audience.order("enter", name)
        self._wait(lambda: not self._amiss(audience), READY, "all pages are there")
        load = Load(self._cast.ports[HTTP], LOAD_PAUSE)
        load.start()
        try:
            for number, kind in enumerate(kills):
                self._tend_for(pause * random.uniform(0.2, 1.0))
                self._say(f"{number + 1} of {len(kills)}: {kind}")
                self._strike(kind, random)
                self._tend_for(random.uniform(0.0, 0.5))
                self._visit(audience)
                self._await_all_right(audience, kind)
            self._tend_for(pause)
        finally:
            load.stop()
        self._judge(audience, load)

    # Blows

    def _strike(self, kind: str, random: Random) -> None:
        self._blows.append((time(), kind))
        self.result.blows[kind] += 1
        valkey, server = self._actors[VALKEY], self._actors[WS]
        if kind in (CRASHED, STOPPED):
            number = signal.SIGKILL if kind == CRASHED else signal.SIGTERM
            valkey.send(number, away=AWAY, ends=True)
            return
        workers = server.hold_workers()
        victim = random.choice(workers)
        victim.send(signal.SIGKILL if kind == KILLED else signal.SIGTERM)
        if not victim.has_ended(READY):
            self._wrong("stuck", WS, "a worker does not end")
        for worker in workers:
            worker.close()

    def _visit(self, audience: Audience) -> None:
        self._has_visitor = not self._has_visitor
        audience.order("enter" if self._has_visitor else "leave", VISITOR)

    def _await_all_right(self, audience: Audience, kind: str) -> None:
        begin = monotonic()
        self._wait(lambda: not self._amiss(audience), RIGHT, kind, audience)
        self.result.back.setdefault(kind, []).append(monotonic() - begin)

    def _amiss(self, audience: Audience) -> list[str]:
        """What is not as it should be."""
        amiss = [f"{name} is not ready" for name in (HTTP, WS) if not self._is_ready(name)]
        if self._count_workers() < WORKERS:
            amiss.append("a worker is missing")
        room = {*PAGES, VISITOR} if self._has_visitor else {*PAGES}
        for page in audience.names:
            if audience.states.get(page) != "connected":
                amiss.append(f"{page} is {audience.states.get(page)}")
            elif page in room and audience.members.get(page) != room:
                amiss.append(f"{page} knows of {sorted(audience.members.get(page, ()))}")
            for channel in CHANNELS if page in room else CHANNELS[:-1]:
                if (page, channel) not in audience.entered:
                    amiss.append(f"{page} is not in {channel}")
        api = Api(self._cast.ports[HTTP])
        found = api.call(f"/channels/{ROOM}/users") if not amiss else None
        api.close()
        if found is None:
            return amiss or ["the HTTP API does not answer"]
        users = {each["id"] for each in found["users"]}
        return [] if users == room else [f"the HTTP API knows of {sorted(users)}"]

    # Processes

    def _start(self) -> None:
        for name in (VALKEY, HTTP, WS):
            self._actors[name].start()
        self._wait(lambda: self._is_ready(HTTP) and self._is_ready(WS), READY, "the servers")

    def _end(self) -> None:
        for names in ((HTTP, WS), (VALKEY,)):
            for name in names:
                self._actors[name].ask_to_end()
            for name in names:
                if problem := self._actors[name].end(READY):
                    self._wrong("stuck", name, problem)

    def _tend_for(self, seconds: float) -> None:
        end = monotonic() + seconds
        while monotonic() < end:
            self._tend()

    def _tend(self) -> None:
        for actor in self._actors.values():
            if problem := actor.tend():
                self._wrong("ended", actor.name, problem)
        sleep(TICK)

    def _is_ready(self, name: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._cast.ports[name]}/readyz", timeout=2):
                return True
        except OSError:
            return False

    def _count_workers(self) -> int:
        workers = self._actors[WS].hold_workers()
        for worker in workers:
            worker.close()
        return len(workers)

    def _wait(
        self,
        is_done: Callable[[], bool],
        limit: float,
        what: str,
        audience: Audience | None = None,
    ) -> None:
        end = monotonic() + limit
        while not is_done():
            if monotonic() > end:
                amiss = self._amiss(audience) if audience else []
                self._wrong("not right", what, f"after {limit:.0f} s: {', '.join(amiss)}")
                return
            self._tend()

    def _wrong(self, what: str, who: str, where: str) -> None:
        self.result.wrong.append(Wrong(what, who, "the run", where))

    # At the end

    def _judge(self, audience: Audience, load: Load) -> None:
        port = self._cast.ports[VALKEY]
        self._wait(lambda: count_waiting(port) == 0, RIGHT, "the queue")
        logged = numbers_in_log(port)

        def has_all() -> bool:
            return all(
                audience.last(page, channel) == logged[channel][-1] for page, channel in PLACES
            )

        self._wait(has_all, RIGHT, "the last messages")
        for channel, numbers in load.acknowledged.items():
            lost = {*numbers} - {*logged[channel]}
            self.result.wrong += [Wrong("lost", str(each), channel) for each in sorted(lost)]
        tally = self.result.tally = check(audience.heard, logged, PLACES, self._blows, KILLED)
        self.result.logged = sum(map(len, logged.values()))
        self.result.wrong += tally.wrong
        self.result.wrong += [Wrong("odd", said, "a page") for said in audience.odd]
        self.result.wrong += thought_gone(audience.removed, self._blows, VISITOR, TIME_TO_RETURN)
