"""The running processes: started, tended, struck, and ended.

It strikes nothing that it has not started. Whatever a strike takes away comes
back by itself after a while, as long as `tend` is called again and again.
"""

import signal
import socket
import urllib.request
from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from time import monotonic, sleep, time

from chaos.actor import Actor, Held
from chaos.cast import PROXY, Cast
from chaos.kept import Unsynced
from chaos.meddler import Meddler
from chaos.plan import HTTP_APIS, PUBLISHERS, READERS, VALKEY, WS_SERVERS, Act, Strike, kind_of
from chaos.wrong import Wrong, clock

TICK = 0.02  # Seconds between two looks at what is due.
READY_TIMEOUT = 60.0
END_TIMEOUT = 40.0  # Longer than a publisher's last tries, and than a server's graceful stop.
ORDER_TIMEOUT = 5.0
ORPHAN_TIMEOUT = 10.0  # Seconds for a worker to notice that its master is gone, and to stop.
MEDDLE_AGAIN = 0.05  # Seconds before the log is trimmed again, or Valkey asked again.
FIRST_WAIT = 1.0  # Seconds for the readers to connect: they begin with an empty log.


class StartFailed(Exception):
    """Something is wrong before anything was struck."""


class Stage:
    """Who is there, and what was done to them; `wrong` is what went wrong with themselves."""

    def __init__(self, cast: Cast) -> None:
        self.strikes: Counter[tuple[str, Act]] = Counter()  # By kind of victim and act.
        self.valkey_kills: list[float] = []
        self.wrong: list[Wrong] = []
        self.actors = {actor.name: actor for actor in cast.actors()}
        self.meddler = Meddler(cast.ports[VALKEY])
        self.ledgers = cast.ledgers
        self._ports = cast.ports
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._number = count()
        self._orphans: list[Held] = []
        self._diary = cast.folder / "strikes.log"
        self._unsynced = Unsynced(cast.valkey_data)

    # Keeping it running

    def start(self) -> None:
        """Start all, the publishers last.

        Raises:
            StartFailed: a server does not come up.
        """
        for name in (VALKEY, PROXY, *HTTP_APIS, *WS_SERVERS):
            self.actors[name].start()
        self.wait_until_ready()
        if self.wrong:
            raise StartFailed(str(self.wrong[0]))
        for name in READERS:
            self.actors[name].start()
        self.tend_for(FIRST_WAIT)
        for name in PUBLISHERS:
            self.actors[name].start()

    def tend(self) -> None:
        """Do what is due, and start again who is due."""
        while self._agenda and self._agenda[0][0] <= monotonic():
            heappop(self._agenda)[2]()
        self._unsynced.watch(monotonic())
        for actor in self.actors.values():
            if problem := actor.tend():
                self._note("ended", actor, problem)

    def tend_for(self, seconds: float) -> None:
        """Tend until so many seconds have passed."""
        self.tend_until(lambda: False, seconds)

    def tend_until(self, is_done: Callable[[], bool], timeout: float) -> bool:
        """Tend until it is done; False if that takes longer than `timeout` seconds."""
        end = monotonic() + timeout
        while not is_done():
            if monotonic() > end:
                return False
            self.tend()
            sleep(TICK)
        return True

    def port(self, name: str) -> int:
        """Where a server listens."""
        return self._ports[name]

    def calm(self) -> None:
        """Let everything come back that a strike has taken."""
        everybody = self.actors.values()
        self.tend_until(
            lambda: not self._agenda and all(actor.is_up for actor in everybody), READY_TIMEOUT
        )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Until every server can do its work."""
        waiting = [*HTTP_APIS, *WS_SERVERS]

        def is_ready() -> bool:
            waiting[:] = [name for name in waiting if not _is_ready(self._ports[name])]
            return not waiting

        self.tend_until(is_ready, READY_TIMEOUT)
        for name in waiting:
            self._note("not ready", self.actors[name], self.actors[name].last_words())

    def end(self, names: tuple[str, ...]) -> None:
        """End some of them for good, politely."""
        for name in names:
            self.actors[name].ask_to_end()
        for name in names:
            if problem := self.actors[name].end(END_TIMEOUT):
                self._note("stuck", self.actors[name], problem)

    def note_tracebacks(self) -> None:
        """Whatever a process of ours did not expect is wrong, even if no message suffered."""
        for actor in self.actors.values():
            for error, times in actor.tracebacks().items():
                self._note("traceback", actor, f"{error} ({times} times)")

    def end_all(self) -> None:
        """Also when the run has failed; then, no worker may be left of a master that was killed."""
        self.end((*PUBLISHERS, *READERS))
        self.end((*HTTP_APIS, *WS_SERVERS))
        self.end((PROXY, VALKEY))
        self.meddler.close()
        end = monotonic() + ORPHAN_TIMEOUT
        for worker in self._orphans:
            if not worker.has_ended(max(0.0, end - monotonic())):
                self.wrong.append(Wrong("left over", f"pid {worker.pid}", "a worker"))
                worker.send(signal.SIGKILL)
            worker.close()
        self._orphans.clear()

    # Striking

    def strike(self, strike: Strike) -> None:
        """Do it, unless the victim is down, or still busy with a strike before."""
        actor = self.actors.get(strike.victim)
        is_done = self._strike_actor(actor, strike) if actor else self._strike_link(strike)
        if is_done:
            self.note_strike(strike)

    def note_strike(self, strike: Strike) -> None:
        """It was done, here or elsewhere."""
        self.strikes[kind_of(strike.victim), strike.act] += 1
        with self._diary.open("a") as diary:
            diary.write(f"{clock(time())} {strike}\n")

    def _strike_link(self, strike: Strike) -> bool:
        if strike.act is Act.CUT:
            return self._order(f"cut {strike.victim} {round(strike.at * 1000)}")
        self._later(strike.seconds, lambda: self._order(f"thaw {strike.victim}"))
        return self._order(f"freeze {strike.victim}")

    def _strike_actor(self, actor: Actor, strike: Strike) -> bool:
        if not actor.is_up:
            return False
        match strike.act:
            case Act.KILL | Act.CRASH | Act.POWER:
                self._kill(actor, strike)
            case Act.TERM:
                actor.send(signal.SIGTERM, away=strike.seconds, ends=True)
            case Act.STOP:
                actor.send(signal.SIGSTOP)
                actor.busy_until = monotonic() + strike.seconds
                self._later(strike.seconds, lambda: actor.send(signal.SIGCONT))
            case Act.FORBID | Act.TRIM | Act.EVICT:
                return self._meddle(strike)
            case _:
                return self._strike_worker(actor, strike)
        return True

    def _meddle(self, strike: Strike) -> bool:
        """Once or, to trim, again and again; until what was taken is given back."""
        if not self.meddler.do(strike):
            return False
        end = monotonic() + strike.seconds

        def go_on() -> None:
            if monotonic() < end and strike.act is Act.TRIM:
                self.meddler.do(strike)
            elif monotonic() >= end and self.meddler.undo(strike):
                return
            self._later(MEDDLE_AGAIN, go_on)

        self._later(MEDDLE_AGAIN, go_on)
        return True

    def _kill(self, actor: Actor, strike: Strike) -> None:
        workers = actor.hold_workers()
        if actor.name == VALKEY:
            self.valkey_kills.append(time())
        actor.send(signal.SIGKILL, away=strike.seconds, ends=True)
        if strike.act is Act.POWER:
            actor.wait()
            self._unsynced.lose()
        if strike.act is Act.CRASH:
            for worker in workers:
                worker.send(signal.SIGKILL)
        self._orphans = [worker for worker in self._orphans if not worker.close_if_ended()]
        self._orphans += workers

    def _strike_worker(self, actor: Actor, strike: Strike) -> bool:
        workers = actor.hold_workers()
        if not workers:
            return False  # It is still starting; it could not stand a SIGHUP either.
        victim, *others = workers
        for other in others:
            other.close()
        match strike.act:
            case Act.HUP:
                actor.send(signal.SIGHUP)
            case Act.WORKER:
                victim.send(signal.SIGKILL)
            case Act.RETIRE:
                victim.send(signal.SIGTERM)
            case Act.PAUSE:
                victim.send(signal.SIGSTOP)
                actor.busy_until = monotonic() + strike.seconds
                self._later(strike.seconds, lambda: victim.send(signal.SIGCONT))
        return True

    def _later(self, seconds: float, action: Callable[[], object]) -> None:
        heappush(self._agenda, (monotonic() + seconds, next(self._number), action))

    def _order(self, order: str) -> bool:
        """Tell the proxy, and wait until it has obeyed."""
        address = ("127.0.0.1", self._ports[PROXY])
        with socket.create_connection(address, ORDER_TIMEOUT) as line:
            line.sendall(f"{order}\n".encode())
            return line.recv(16) == b"done\n"

    def _note(self, what: str, actor: Actor, problem: str) -> None:
        self.wrong.append(Wrong(what, actor.name, "the stage", problem))


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
            return True
    except OSError:
        return False
