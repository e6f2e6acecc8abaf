"""What the append-only file says was queued and logged."""

from pathlib import Path

from chaos.content import content
from chaos.kept import UNREADABLE, Logged, Unsynced, commands, read_kept
from common.message import Message


def command(*words: str) -> bytes:
    encoded = [word.encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in encoded)


PUSHED = command("LPUSH", "message_center", content("a-1"), content("a-2"))
SETTLED = command("XADD", "{message_center}:log", "17-3", "c", content("a-1"))
OTHER = command("SELECT", "0") + command("RPOP", "message_center") + command("MULTI")


def make_files(folder: Path, *parts: bytes) -> Path:
    its = folder / "appendonlydir"
    its.mkdir()
    for number, part in enumerate(parts, 9):  # So that the order is not that of the names.
        (its / f"appendonly.aof.{number}.incr.aof").write_bytes(part)
    return its


def test_it_is_read_in_the_order_in_which_it_was_written(tmp_path: Path) -> None:
    make_files(tmp_path, OTHER + PUSHED, SETTLED)

    kept = read_kept(tmp_path)

    assert kept.queued == ["a-1", "a-2"]
    assert kept.log == [Logged((17, 3), "a-1")]


def test_what_is_for_some_is_queued_in_an_envelope_and_logged_with_its_addresses(
    tmp_path: Path,
) -> None:
    envelope = Message(content("a-1"), ("x", "y")).to_item().decode()
    queued = command("LPUSH", "message_center", envelope)
    settled = command("XADD", "{message_center}:log", "17-3", "c", content("a-1"), "a", "x y")
    make_files(tmp_path, queued, settled)

    kept = read_kept(tmp_path)

    assert (kept.queued, kept.log) == (["a-1"], [Logged((17, 3), "a-1")])


def test_it_says_when_the_log_was_thrown_away_and_what_was_set_aside(tmp_path: Path) -> None:
    bad = "\x1e{cut off"
    queued = command("LPUSH", "message_center", bad)
    aside = command("LPUSH", "{message_center}:rejected", bad)
    wiped = command("UNLINK", "{message_center}:floor", "{message_center}:log")
    make_files(tmp_path, queued + SETTLED + wiped + aside + SETTLED)

    kept = read_kept(tmp_path)

    assert (kept.queued, kept.rejected, kept.wiped) == ([UNREADABLE], 1, [1])


def test_it_says_what_was_in_the_queue_when_that_was_thrown_away(tmp_path: Path) -> None:
    make_files(tmp_path, PUSHED + SETTLED + command("UNLINK", "message_center"))

    assert read_kept(tmp_path).evicted == {"a-2"}


def test_a_command_that_was_cut_short_is_left_out() -> None:
    whole = list(commands(PUSHED))
    assert len(whole) == 1

    for cut in range(1, len(SETTLED)):
        assert list(commands(PUSHED + SETTLED[:-cut])) == whole


def test_a_power_failure_takes_what_was_written_in_the_last_second(tmp_path: Path) -> None:
    path = make_files(tmp_path, b"") / "appendonly.aof.9.incr.aof"
    unsynced = Unsynced(tmp_path)
    for tenth in range(30):
        path.write_bytes(b"x" * tenth)
        unsynced.watch(tenth / 10)

    unsynced.lose()

    assert path.stat().st_size == 19
