"""The strikes with hundreds of clients, and a full Valkey: each is played alone, and measured.

What readers and publishers miss is found as ever, by their ledgers. Here it is
judged how long others had to wait, and whether anybody was thrown out.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias

from chaos.plan import HTTP_BESIDE, VALKEY, Act, Strike
from chaos.program import Program, Watch
from chaos.stage import Stage
from chaos.wrong import Wrong

CROWD = 600  # Clients that come back, and sockets that hold the slots of each worker.
LIVE, FEW = (
    24,
    20,
)  # Clients that are there all the time, and that come back to a port that is held.
ARRIVAL = 20.0  # Seconds for the live ones to be there.
AGING = 1.0  # Seconds after which no server has the first message in memory any more.
GRIP = 1.0  # Seconds until all slots are held that can be.
SERVED = 120.0  # Seconds after a fault for everybody to have been served, on a busy machine, too.
# What is promised, in seconds; for a busy machine.
TOLD_WITHIN = 3.0  # After a SIGTERM, clients are told.
LET_IN_WITHIN = 5.0  # Others, while slots are held; so that is for longer.
DRAINED_WITHIN = 5.0  # What waits in a Valkey that is full.
FILLED_WITHIN = 5.0  # By what is pushed.
FAREWELLS = ("close 1001", "end of stream")  # The second is how Server-Sent Events end.

Ends: TypeAlias = list[list[tuple[str, float]]]


class Scenes:
    """Plays them; `figures` says what came of each, a line each."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage = stage
        self._folder = folder
        self._number = 0
        self.figures: list[str] = []

    def play(self, strike: Strike) -> None:
        """All of one scene; the stage is calm before and after it."""
        self._stage.calm()
        self._number += 1
        plays = {Act.FULL: self._fill, Act.RETURN: self._come_back, Act.HOLD: self._hold}
        self._stage.note_strike(strike)
        figures = plays[strike.act](strike)
        self.figures.append(f"{strike.victim} {strike.act} {strike.how}".rstrip() + f": {figures}")
        self._stage.calm()

    def _fill(self, strike: Strike) -> str:
        stage, meddler = self._stage, self._stage.meddler
        had = meddler.evicted()

        def has_no_room() -> bool:
            return meddler.is_full() or meddler.evicted() > had

        meddler.fill(strike.how)
        is_full = stage.tend_until(has_no_room, FILLED_WITHIN)
        begin = monotonic()
        is_drained = stage.tend_until(lambda: meddler.waiting() == 0, DRAINED_WITHIN)
        took, left = monotonic() - begin, meddler.waiting()
        stage.tend_for(strike.seconds)
        evicted = meddler.evicted() - had
        stage.tend_until(meddler.empty, FILLED_WITHIN)
        if not is_full:
            return "it did not get full"
        if not is_drained:
            self._wrong("kept back", strike, f"{left} still wait after {took:.1f} s")
        return f"what waited was settled after {took:.1f} s; {evicted} keys were thrown away"

    def _come_back(self, strike: Strike) -> str:
        way, _, ends = strike.how.partition("+")
        watch = Watch(self._stage, strike.victim)
        crowd = self._arrive(strike, CROWD, strike.seconds + (TOLD_WITHIN if ends else 0.0))
        with self._stalled(way, strike.seconds):
            crowd.send(signal.SIGUSR1)
            self._stage.tend_for(strike.seconds / 2)
            if ends:
                watch.terminate()
            self._stage.tend_for(strike.seconds / 2)
        return self._see_off(strike, crowd, watch)

    def _hold(self, strike: Strike) -> str:
        way, _, ends = strike.how.partition("+")
        api = HTTP_BESIDE[strike.victim]
        watch = Watch(self._stage, strike.victim, api)
        seconds = max(strike.seconds, LET_IN_WITHIN + 0.5)
        crowd = self._arrive(strike, FEW, seconds + (TOLD_WITHIN if ends else 0.0))
        holders = [
            self._holders(watch, strike.victim, way, "listen"),
            self._holders(watch, api, way, "push"),
        ]
        self._stage.tend_until(lambda: all(each.is_here() for each in holders), ARRIVAL)
        self._stage.tend_for(GRIP)
        for each in (crowd, *holders):
            each.send(signal.SIGUSR1)
        self._stage.tend_for(seconds)
        for each in holders:
            each.send(signal.SIGUSR2)
        if ends:
            watch.terminate()
            self._stage.tend_for(TOLD_WITHIN)
        held = [each.end() for each in holders]
        figures = [self._judge_visits(strike, each) for each in held]
        return "; ".join([*figures, self._see_off(strike, crowd, watch)])

    # What they have in common

    def _arrive(self, strike: Strike, coming: int, seconds: float) -> Program:
        """A crowd of clients of a server; so many come back when it gets a SIGUSR1."""
        words = (self._stage.ledgers, f"crowd{self._number}", LIVE, coming, seconds)
        crowd = self._program("chaos.crowd", self._stage.port(strike.victim), *words)
        self._stage.tend_until(crowd.is_here, ARRIVAL)
        self._stage.tend_for(AGING)
        return crowd

    def _see_off(self, strike: Strike, crowd: Program, watch: Watch) -> str:
        """The fault is over: let all of them read the rest, and judge what came of it."""
        self._stage.tend_until(crowd.has_ended, SERVED)
        said = crowd.end()
        if not said:
            self._wrong("failed", strike, "the crowd says nothing")
            return "the crowd says nothing"
        served, asked, slowest = said["served"], said["asked"], said["slowest"]
        if served < asked:
            self._wrong("kept waiting", strike, f"{asked - served} of {asked} were not served")
        figures = [f"{served} of {asked} were served, the last {slowest:.1f} s after its end"]
        if watch.terminated_at is None:
            self._judge_survival(strike, said["ends"], watch)
        else:
            figures.append(self._judge_farewell(strike, said["ends"], watch.terminated_at))
        if said["refusals"]:
            figures.append("sent back: " + _counted(said["refusals"]))
        return ", ".join(figures)

    @contextmanager
    def _stalled(self, way: str, seconds: float) -> Iterator[None]:
        valkey, meddler = self._stage.actors[VALKEY], self._stage.meddler
        if way == "stop":
            valkey.send(signal.SIGSTOP)
        elif way == "pause":
            meddler.pause(seconds)
        else:
            meddler.sleep(seconds)
        try:
            yield
        finally:
            valkey.send(signal.SIGCONT)

    def _judge_survival(self, strike: Strike, ends: Ends, watch: Watch) -> None:
        out = [each[0] for each in ends if each]
        if out:
            self._wrong("thrown out", strike, f"{len(out)} of {LIVE} live clients: {out[0][0]}")
        for name in watch.replaced():
            self._wrong("worker ended", strike, f"{name} has other workers now")

    def _judge_farewell(self, strike: Strike, ends: Ends, since: float) -> str:
        """Of a stop each live client must be told, and soon."""
        firsts = [next(((why, at) for why, at in each if at >= since), None) for each in ends]
        told = [each[1] - since for each in firsts if each and each[0] in FAREWELLS]
        slowest = max(told, default=0.0)
        if len(told) < len(ends) or slowest > TOLD_WITHIN:
            others = Counter(each[0] if each else "nothing" for each in firsts)
            self._wrong("told late", strike, f"after {slowest:.1f} s; {_counted(others)}")
        return f"{len(told)} of {len(ends)} told of the stop, within {slowest:.1f} s"

    def _judge_visits(self, strike: Strike, held: dict[str, Any]) -> str:
        waits = held.get("waits", [])
        if not waits:
            self._wrong("failed", strike, "the holders say nothing")
            return "the holders say nothing"
        if max(waits) > LET_IN_WITHIN:
            self._wrong("let in late", strike, f"{held['asked']} after {max(waits):.1f} s")
        problems = f" ({_counted(held['problems'])})" if held["problems"] else ""
        return f"{len(waits)} who {held['asked']} waited {max(waits):.1f} s at the most{problems}"

    def _holders(self, watch: Watch, name: str, way: str, asked: str) -> Program:
        count = CROWD * watch.workers(name)
        return self._program("chaos.holders", self._stage.port(name), way, count, asked)

    def _program(self, module: str, port: int, *words: object) -> Program:
        name = f"{module.rpartition('.')[2]}-{self._number}-{port}"
        return Program(module, self._folder, name, port, *words)

    def _wrong(self, what: str, strike: Strike, where: str) -> None:
        who = f"{strike.act} {strike.how}".rstrip()
        self._stage.wrong.append(Wrong(what, strike.victim, who, where))


def _counted(found: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in found.items())
