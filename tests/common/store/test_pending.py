"""What waits: in order, bounded, and not for ever."""

from common.store.pending import AT_ONCE, AT_ONCE_BYTES, PATIENCE, Pending, Room
from common.store.push_commands import Push, Result

TIMEOUT = 5.0


def ignore(_result: Result) -> None:
    """Nobody waits for it."""


def push(*items: bytes, at: float = 0.0) -> Push:
    return Push(b"".join(items), len(items) or 1, ignore, at)


def pending(*pushes: Push, room: Room | None = None) -> Pending:
    made = Pending(room or Room(), TIMEOUT)
    assert all(map(made.add, pushes))
    return made


def send(waiting: Pending, now: float = 0.0) -> list[Push]:
    taken = waiting.take()
    waiting.begin([[each] for each in taken], len(taken), now)
    return taken


def test_what_waits_goes_together() -> None:
    pushes = [push(), push(), push()]
    waiting = pending(*pushes)

    assert waiting.take() == pushes
    assert not waiting.are_waiting
    assert waiting.take() == []


def test_so_many_go_together_and_the_others_next_time() -> None:
    waiting = pending(*[push() for _ in range(AT_ONCE + 1)])

    assert [len(waiting.take()) for _ in range(3)] == [AT_ONCE, 1, 0]


def test_so_many_bytes_go_together_but_a_large_push_goes_alone() -> None:
    half = AT_ONCE_BYTES // 2
    waiting = pending(*[push(b"a" * size) for size in (half, half, 4 * half, half)])

    assert [len(waiting.take()) for _ in range(4)] == [2, 1, 1, 0]


def test_those_under_way_are_told_command_by_command() -> None:
    one, two, three = push(), push(), push()
    waiting = pending(one, two, three)
    waiting.begin([waiting.take()[:2], [three]], 3, 0.0)

    assert waiting.end_of_next() == [one, two]
    assert waiting.end_of_all() == [three]
    assert not waiting.under_way


def test_what_goes_again_goes_first_and_once_unless_it_was_answered_meanwhile() -> None:
    first, second, third, later = push(), push(), push(), push()
    waiting = pending(first, second, third)
    send(waiting)
    waiting.add(later)
    assert all(waiting.repeat(each, 1.0) for each in waiting.end_of_all())
    second.is_answered = True
    waiting.settle()

    assert waiting.take() == [first, third, later]
    assert not waiting.repeat(first, 1.0)


def test_nothing_goes_again_when_its_time_is_up() -> None:
    assert not pending().repeat(push(), TIMEOUT)


def test_messages_and_bytes_that_wait_are_bounded_and_those_under_way_do_not_count() -> None:
    waiting = pending(push(b"a", b"b"), room=Room(messages=3, bytes=10))

    assert not waiting.add(push(b"c", b"d"))
    assert not waiting.add(push(b"c" * 9))
    assert waiting.add(push(b"c"))
    send(waiting)
    assert waiting.add(push(b"c", b"d"))


def test_what_waits_no_more_makes_room() -> None:
    waiting = pending(push(b"a"), push(b"b"), room=Room(messages=2, bytes=2))

    for now in (TIMEOUT, 2 * TIMEOUT):
        assert len(waiting.take_late(now) if now == TIMEOUT else waiting.take_all()) == 2
        assert waiting.add(push(b"a", at=now))
        assert waiting.add(push(b"b", at=now))
        assert not waiting.add(push(b"c", at=now))


def test_a_push_that_is_alone_has_room_however_large_it_is() -> None:
    waiting = pending(push(b"a" * 100), room=Room(messages=3, bytes=10))

    assert not waiting.add(push())


def test_any_number_waits_while_redis_answers_and_few_once_it_is_still() -> None:
    pushes = [push(at=number / 10) for number in range(5)]
    waiting = pending(*pushes, room=Room(pushes=2))
    send(waiting)
    late = [push(at=PATIENCE - 0.1) for _ in range(3)]

    assert all(map(waiting.add, late))
    assert waiting.take_beyond(PATIENCE - 0.05) == []
    assert not waiting.add(push(at=PATIENCE))
    assert waiting.take_beyond(PATIENCE) == late[::-1]


def test_who_came_last_is_sent_away_first() -> None:
    pushes = [push(), push(), push(), push()]
    waiting = pending(*pushes, room=Room(pushes=3))

    assert waiting.take_beyond(PATIENCE) == pushes[3:]
    assert waiting.take() == pushes[:3]


def test_who_goes_again_is_not_sent_away() -> None:
    sent, later = [push(), push(), push()], push()
    waiting = pending(*sent, room=Room(pushes=2))
    send(waiting)
    waiting.add(later)
    assert all(waiting.repeat(each, 0.0) for each in waiting.end_of_all())
    waiting.settle()

    assert waiting.take_beyond(PATIENCE) == [later]
    assert waiting.take() == sent


def test_whose_time_is_up_waits_no_more() -> None:
    under_way, answered, again, old, young = push(), push(), push(), push(at=1), push(at=2)
    waiting = pending(again, under_way, answered)
    send(waiting)
    answered.is_answered = True
    waiting.repeat(waiting.end_of_next()[0], 0.0)
    waiting.add(old)
    waiting.add(young)

    assert waiting.take_late(TIMEOUT - 0.1) == []
    assert waiting.take_late(TIMEOUT + 1) == [under_way, again, old]
    waiting.settle()
    assert young in waiting.take()


def test_redis_is_still_when_what_was_sent_has_no_answer_in_all_the_time() -> None:
    waiting = pending(push())
    assert not waiting.is_still(TIMEOUT)
    send(waiting, 1.0)

    assert not waiting.is_still(TIMEOUT)
    assert waiting.is_still(TIMEOUT + 1)


def test_the_next_look_is_when_somebodys_time_may_be_up() -> None:
    waiting = pending(push())

    assert waiting.next_look(0.25) == PATIENCE - 0.25
    assert waiting.next_look(TIMEOUT - 0.25) == 0.25
    (first,) = send(waiting, 0.5)
    assert waiting.next_look(0.0) == PATIENCE
    first.is_answered = True
    assert waiting.next_look(1.0) == TIMEOUT - 0.5
    waiting.end_of_all()
    assert waiting.next_look(0.0) is None


def test_who_is_answered_makes_room_before_all_are() -> None:
    waiting = pending(push(), push(), push(), room=Room(pushes=3))
    send(waiting)

    assert waiting.is_crowded(PATIENCE)
    waiting.end_of_next()
    assert not waiting.is_crowded(PATIENCE)
