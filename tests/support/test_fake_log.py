"""The fakes that others build on do what they say."""

from common.message import Mark, parse_id
from common.page import Page
from tests.support.fake_log import FakeLog

START = Mark("e1", 0)
TO_A, TO_B = ("a",), ("b", "c")


def test_a_fake_log_knows_the_recipients_of_what_was_written() -> None:
    log = FakeLog()

    assert log.write(b"0").recipients is None
    assert log.write(b"1", b"2", recipients=[TO_A, ()]).recipients == [TO_A, ()]

    page, _ = log.read_after(START, 10)
    assert (page.contents, page.recipients) == ([b"0", b"1", b"2"], [(), TO_A, ()])
    assert log.read_between(START, parse_id(page.ids[0]), 10).page == Page([b"1-0"], [b"0"], None)


def test_a_fake_log_settles_what_was_pushed_with_its_recipients() -> None:
    log = FakeLog()
    log.settle_limit = 2
    log.push(b"0")
    log.push(b"1", b"2", recipients=[TO_A, TO_B])

    assert log.settle_and_read(START, 10)[1].recipients == [(), TO_A]
    assert log.settle_and_read(START, 10)[1].recipients == [(), TO_A, TO_B]


def test_a_fake_log_that_went_back_forgets_recipients() -> None:
    log = FakeLog()
    log.write(b"0", b"1", recipients=[TO_A, TO_B])
    log.lose(1)
    log.write(b"new")

    assert log.read_after(START, 10)[0].recipients == [TO_A, ()]
