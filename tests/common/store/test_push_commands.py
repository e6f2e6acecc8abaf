"""Which pushes share a command, in which order, and what they are told."""

import pytest

from common.errors import QueueUnavailable
from common.refused import Refused
from common.store.keys import Keys
from common.store.push_commands import COMMAND_BYTES, COMMAND_ITEMS, Push, PushCommands, Result
from common.store.redis_errors import Failure
from tests.support.fake_commits import commands_in

COMMANDS = PushCommands(Keys("queue"))


def ignore(_result: Result) -> None:
    """Nobody waits for it."""


def plain(*items: bytes) -> Push:
    return COMMANDS.push(items, [None] * len(items), 60, ignore, 0.0)


def named(*items: bytes) -> Push:
    return COMMANDS.push(items, [item.decode() for item in items], 60, ignore, 0.0)


def sent(*pushes: Push) -> list[list[bytes]]:
    return commands_in(PushCommands(Keys("queue")).pack(pushes)[0])


def test_pushes_without_ids_share_a_command_in_their_order() -> None:
    pushes = [plain(b"a"), plain(b"b", b"c"), plain(b"d")]

    assert sent(*pushes) == [[b"LPUSH", b"queue", b"a", b"b", b"c", b"d"]]
    assert COMMANDS.pack(pushes)[1] == [pushes]


def test_a_push_alone_is_the_same_command() -> None:
    assert sent(plain(b"a")) == [[b"LPUSH", b"queue", b"a"]]
    assert sent(plain(b"", b"\r\n")) == [[b"LPUSH", b"queue", b"", b"\r\n"]]


def test_a_push_with_an_id_keeps_its_place_among_the_others() -> None:
    pushes = [plain(b"a"), plain(b"b"), named(b"c"), named(b"d"), plain(b"e")]

    assert COMMANDS.pack(pushes)[1] == [pushes[:2], [pushes[2]], [pushes[3]], [pushes[4]]]


def test_an_id_has_its_key_and_an_item_its_hash() -> None:
    push = COMMANDS.push([b"a", b"b"], ["x", None], 60, ignore, 0.0)
    ((name, _script, *words),) = sent(push)

    assert (name, words[:6]) == (
        b"EVAL",
        [b"3", b"queue", b"{queue}:once:x", b"queue", b"60", b"a"],
    )
    assert (words[7], len(words), len(words[8])) == (b"b", 9, 16)


def test_the_script_is_told_once_and_then_it_has_a_name() -> None:
    commands = PushCommands(Keys("queue"))
    packed = [commands_in(commands.pack([named(b"a")] * 2)[0]) for _ in range(2)]

    assert [[command[0] for command in each] for each in packed] == [
        [b"EVAL", b"EVALSHA"],
        [b"EVALSHA", b"EVALSHA"],
    ]
    commands.is_script_known = False
    assert commands_in(commands.pack([named(b"a")])[0])[0][0] == b"EVAL"


def test_a_command_that_several_share_is_bounded() -> None:
    many = [plain(b"a")] * (COMMAND_ITEMS + 1)
    large = [plain(b"a" * (COMMAND_BYTES // 2 - 20))] * 3

    assert [len(run) for run in COMMANDS.pack(many)[1]] == [COMMAND_ITEMS, 1]
    assert [len(run) for run in COMMANDS.pack(large)[1]] == [2, 1]


def test_a_push_is_one_command_however_large_it_is() -> None:
    planned = sent(plain(b"a"), plain(*[b"b"] * (2 * COMMAND_ITEMS)), plain(b"c"))

    assert [len(command) - 2 for command in planned] == [1, 2 * COMMAND_ITEMS, 1]


def test_only_a_push_of_which_every_item_has_an_id_may_be_tried_again() -> None:
    some = COMMANDS.push([b"a", b"b"], ["x", None], 60, ignore, 0.0)

    assert [each.is_repeatable for each in (plain(b"a"), some, named(b"a", b"b"))] == [
        False,
        False,
        True,
    ]


def test_each_push_is_told_the_failure_by_an_exception_of_its_own() -> None:
    results = [push.result(Failure("full")) for push in (plain(b"a"), named(b"b"))]

    assert [str(result) for result in results] == [str(QueueUnavailable("full"))] * 2
    assert results[0] is not results[1]


def test_a_refusal_is_told_as_it_is() -> None:
    refused = Refused("queue_unavailable", "many wait")

    assert plain(b"a").result(refused) is refused


@pytest.mark.parametrize(("answer", "result"), [(0, None), (1, 0), (3, 2)])
def test_the_script_says_which_item_stands_for_another(answer: int, result: Result) -> None:
    assert named(b"a").result(answer) == result


def test_the_length_that_lpush_answers_means_success() -> None:
    assert plain(b"a").result(17) is None
