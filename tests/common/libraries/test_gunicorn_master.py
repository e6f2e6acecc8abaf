"""What we use of gunicorn's master and it does not promise. Each failure says what has changed."""

import signal
from collections.abc import Sequence
from typing import Any

import pytest
from gunicorn import errors
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from common.libraries.gunicorn_master import AppImportError, MasterProcess
from tests.support.libraries import Part, complaint, complaint_without, named, names_taken
from tests.support.signals import handlers_kept

NAME = "gunicorn"
NOW = named(NAME)
PARTS = [
    Part(NAME, Arbiter, "init_signals", ("self",)),
    Part(NAME, Arbiter, "signal", ("self", "sig", "frame")),
    Part(NAME, Arbiter, "wait_for_signals", ("self", "timeout")),
    Part(NAME, Arbiter, "reload", ("self",)),
    Part(NAME, Arbiter, "reap_workers", ("self",)),
    Part(NAME, Arbiter, "manage_workers", ("self",)),
    Part(NAME, Arbiter, "spawn_worker", ("self",)),
    Part(NAME, Arbiter, "run", ("self",)),
    Part(NAME, errors, "AppImportError"),
]
OVERRIDDEN = [
    "init_signals",
    "signal",
    "wait_for_signals",
    "reload",
    "reap_workers",
    "manage_workers",
]
TERM, USR1, HUP = signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP


class App(BaseApplication):  # type: ignore[misc]
    def load_config(self) -> None:
        self.cfg.set("graceful_timeout", 5)


class Noting(MasterProcess):
    """Notes what gunicorn asks it. Unrealistic: it starts nothing, and nobody is stopped."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        super().__init__(App())

    def choose(self, found: Sequence[int]) -> list[int]:
        self.calls.append(f"choose {[int(each) for each in found]}")
        return list(found)

    def gives_up_reload(self) -> bool:
        self.calls.append("gives_up_reload")
        return self.calls.count("gives_up_reload") > 1

    def start(self) -> None:
        self.calls.append("start")

    def halt(self, *_given: Any, **_named: Any) -> None:
        self.calls.append("halt")

    def manage_workers(self) -> None:
        pass

    def spawn_worker(self) -> None:
        pass

    def _start_control_server(self) -> None:
        pass


class OldWorker:
    """One that a reload waits for. Unrealistic: it is in no process."""

    age = 0


@pytest.fixture
def master() -> Noting:
    return Noting()


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_it_has_what_is_used(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not complaint(part), complaint(part)
    assert complaint_without(part, monkeypatch)


def test_no_name_of_ours_is_one_of_its_own() -> None:
    taken = names_taken(NAME, MasterProcess, OVERRIDDEN)

    assert not taken, taken


def test_its_main_loop_asks_for_signals_until_a_stop(master: Noting) -> None:
    master.signal(USR1, None)
    master.signal(TERM, None)

    master.run()

    assert master.calls[:1] == ["start"], f"{NOW}: `run` does not begin with `start`"
    assert master.calls[1:2] == [f"choose {[int(USR1), int(TERM)]}"], (
        f"{NOW}: the main loop does not ask `wait_for_signals` what came: {master.calls}"
    )
    assert master.calls[2:] == ["halt"], (
        f"{NOW}: a SIGTERM, or StopIteration, ends the main loop otherwise now: {master.calls}"
    )


def test_its_main_loop_reloads_at_a_hang_up(
    master: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master, "reload", lambda: master.calls.append("reload"))
    master.signal(HUP, None)
    master.signal(TERM, None)

    master.run()

    assert "reload" in master.calls, f"{NOW}: a SIGHUP does not `reload` any more"


def test_what_comes_within_a_time_is_told(master: Noting) -> None:
    assert master.wait(0.0) == [], f"{NOW}: `wait_for_signals` tells of signals that did not come"
    for number in (HUP, USR1, HUP):
        master.signal(number, None)

    found = master.wait(0.0)

    assert found == [HUP, USR1, HUP], f"{NOW}: `wait_for_signals` tells something else: {found}"


def test_a_reload_looks_again_and_again_whether_old_workers_are_gone(
    master: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master, "WORKERS", {1: OldWorker()})
    master.worker_age = 1
    master.reap_workers()
    assert master.calls == [], f"{NOW}: it is asked outside of a reload"

    with pytest.raises(StopIteration):
        master.reload()

    assert master.calls == ["gives_up_reload"] * 2, (
        f"{NOW}: a reload does not call `reap_workers` until the old workers are gone"
    )
    master.reap_workers()  # The reload is over.
    assert len(master.calls) == 2


class Dying(Noting):
    """Whose first new worker is gone before the old one. Unrealistic, as before."""

    manage_workers = MasterProcess.manage_workers

    def spawn_worker(self) -> None:
        self.worker_age += 1
        self.calls.append("spawn")
        if self.calls.count("spawn") > 1:
            self.WORKERS[self.worker_age] = NewWorker(self.worker_age)

    def gives_up_reload(self) -> bool:
        return "spawn" in self.calls[self.calls.index("spawn") + 1 :] and self.looks() > 2

    def looks(self) -> int:
        self.calls.append("look")
        return self.calls.count("look")


class NewWorker:
    """Unrealistic: it is in no process."""

    def __init__(self, age: int) -> None:
        self.age = age


def test_a_new_worker_that_dies_is_replaced_while_old_ones_take_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Arbiter, "manage_workers", lambda _: None)
    master = Dying()
    master.worker_age = 1
    master.WORKERS = {1: OldWorker()}

    with pytest.raises(StopIteration):
        master.reload()

    assert master.calls.count("spawn") == 2, f"{NOW}: a worker is not replaced, or too often"
    assert master.WORKERS[3].age == 3


@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.SIG_DFL])
def test_an_interrupt_that_was_ignored_stays_ignored(
    master: Noting, before: signal.Handlers
) -> None:
    master.log = Log()
    with handlers_kept():
        signal.signal(signal.SIGINT, before)

        master.init_signals()

        assert (signal.getsignal(signal.SIGINT) is signal.SIG_IGN) == (before is signal.SIG_IGN)
        handler = signal.getsignal(TERM)
        assert handler == master.signal, f"{NOW}: `signal` is no handler of signals: {handler}"


class Log:
    """gunicorn's log. Unrealistic: it logs nothing."""

    def close_on_exec(self) -> None:
        pass


def test_what_cannot_be_loaded_is_an_error_with_its_message() -> None:
    assert str(AppImportError("why")) == "why", f"{NOW}: an AppImportError says something else"


class Ordered(Noting):
    """Notes the steps of a reload. Unrealistic, as before."""

    manage_workers = MasterProcess.manage_workers

    def spawn_worker(self) -> None:
        self.calls.append("spawn")

    def await_new_workers(self) -> None:
        self.calls.append("await")


def test_a_reload_awaits_new_workers_before_it_stops_the_old_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    master = Ordered()
    monkeypatch.setattr(Arbiter, "manage_workers", lambda _: master.calls.append("manage"))

    master.reload()

    steps = [step for step in master.calls if step in ("spawn", "await", "manage")]
    assert steps[-3:] == ["spawn", "await", "manage"], f"{NOW}: a reload is otherwise: {steps}"
    master.calls.clear()
    master.manage_workers()
    assert master.calls == ["manage"]
