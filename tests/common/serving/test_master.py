"""What the master makes of the signals that it gets."""

import signal

import pytest

from common.serving import master
from common.serving.functions import Functions
from common.serving.master import Master
from common.serving.server import Server, options
from common.serving.siblings import Seat
from config.settings import Settings

HUP, TERM, INT, USR1 = signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Master:
    """A master that has started nothing. It sets no handler of signals."""
    monkeypatch.setattr(master, "QUIET", 0.01)
    settings = Settings()
    given = options(settings, settings.http_host, settings.http_port, 1)
    return Master(Server(given, Functions(load="nobody:load"), settings))


class Seated:
    """A worker. Unrealistic: it is in no process."""

    seat = Seat.alone()


def after(mine: Master, *signals: int) -> list[int]:
    for number in signals:
        mine.signal(number, None)
    return mine.wait_for_signals(0.01)


def test_many_hang_ups_are_one_reload(mine: Master) -> None:
    assert after(mine, *[HUP] * 30) == [HUP]
    assert after(mine) == []


def test_a_later_hang_up_is_another_reload(mine: Master) -> None:
    assert after(mine, HUP) == [HUP]
    assert after(mine, HUP) == [HUP]


def test_a_stop_takes_the_place_of_a_reload(mine: Master) -> None:
    assert after(mine, HUP, TERM, HUP) == [TERM]


def test_an_interrupt_is_a_graceful_stop(mine: Master) -> None:
    assert after(mine, INT) == [TERM]


def test_a_second_stop_is_a_hurry_and_one_that_comes_twice_is_not(
    mine: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.signal(TERM, None)
    mine.signal(INT, None)  # A terminal and a supervisor say it at once.
    assert not mine.app.is_hurried()
    monkeypatch.setattr(master, "TWICE", -1.0)
    mine.signal(HUP, None)
    assert not mine.app.is_hurried()

    mine.signal(TERM, None)

    assert mine.app.is_hurried()


def test_other_signals_pass_in_their_order(mine: Master) -> None:
    assert after(mine, USR1, HUP) == [USR1, HUP]


def test_hang_ups_without_end_do_not_put_off_the_reload(
    mine: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master, "LONGEST_WAIT", 0.0)

    assert after(mine, HUP) == [HUP]


def test_a_reload_that_waits_for_old_workers_is_ended_by_a_stop(mine: Master) -> None:
    mine.reap_workers()
    mine._is_reloading = True
    mine.reap_workers()
    mine.signal(TERM, None)

    with pytest.raises(StopIteration):
        mine.reap_workers()


def test_old_workers_are_stopped_when_all_new_ones_listen(
    mine: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            mine.cfg.post_fork(None, Seated())  # As in the new worker.

    monkeypatch.setattr(master, "sleep", look)
    mine.cfg.post_fork(None, Seated())  # Of the old one.
    mine.cfg.on_reload(mine)

    mine.await_new_workers()

    assert len(looks) == 3


def test_new_workers_that_do_not_listen_are_not_awaited_for_ever_nor_at_a_stop(
    mine: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.cfg.on_reload(mine)
    monkeypatch.setattr(master, "LONGEST_START", 0.0)
    mine.await_new_workers()
    monkeypatch.setattr(master, "LONGEST_START", 60.0)
    mine.signal(TERM, None)
    mine.await_new_workers()
