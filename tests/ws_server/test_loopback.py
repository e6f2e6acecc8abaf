import gc
import sys
from collections.abc import Iterator

import gevent
import pytest

from common.page import Page
from tests.support.fake_log import FakeLog
from tests.support.parts import wait_until
from ws_server.loopback import Loopback


class Heard:
    def __init__(self) -> None:
        self.data = b""
        self.loopback = Loopback(FakeLog(), self._note)

    def _note(self, data: bytes) -> None:
        self.data += data


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    yield heard
    heard.loopback.close()


def test_what_is_published_arrives_as_frames_in_order(heard: Heard) -> None:
    for number in range(1, 4):
        heard.loopback.publish(Page([b"%d-0" % number], [b"tweet %d" % number]))

    wait_until(lambda: heard.data.count(b"tweet") == 3, "three frames")

    assert heard.data == b"\x81\x07tweet 1\x81\x07tweet 2\x81\x07tweet 3"


def test_ids_may_go_back_as_after_a_loss_of_redis(heard: Heard) -> None:
    for id_ in (b"7-0", b"3-0"):
        heard.loopback.publish(Page([id_], [b"tweet"]))

    wait_until(lambda: heard.data.count(b"tweet") == 2, "both frames")


def test_nothing_is_kept_of_what_was_published(heard: Heard) -> None:
    def publish(first: int) -> int:
        for number in range(first, first + 100):
            heard.loopback.publish(Page([b"%d-0" % number], [b"tweet"]))
        wait_until(lambda: heard.data.count(b"tweet") == first + 99, "all frames")
        heard.data = b"tweet" * (first + 99)
        gc.collect()
        return sys.getallocatedblocks()

    publish(1)
    before = publish(101)

    assert publish(201) < before + 50


def test_nothing_is_heard_after_the_end(heard: Heard) -> None:
    heard.loopback.close()

    heard.loopback.publish(Page([b"1-0"], [b"tweet"]))
    gevent.idle()

    assert heard.data == b""
