"""What is written down is read again, and a line that a kill has cut short does not count."""

from pathlib import Path

import pytest

from chaos.ledger import Ledger, entries, newest_first
from chaos.records import (
    Acknowledged,
    Broken,
    Gap,
    Lost,
    Opened,
    Read,
    Record,
    Refused,
    Tried,
    Unsure,
    Welcome,
    decode,
    encode,
)

RECORDS: list[Record] = [
    Tried(3, 20, keyed=True),
    Acknowledged(3),
    Unsure(23, "status 503"),
    Refused(24, "status 500"),
    Opened(2345, ""),
    Opened(2345, "1a-2-3"),
    Welcome("1a-2-3", complete=False),
    Read("1a-2-4", "a.plain-1"),
    Read("", "a.plain-2"),
    Gap("1a-2-9", "", "forgotten"),
    Lost("close 1001"),
    Broken("nonsense"),
]


@pytest.mark.parametrize("record", RECORDS, ids=repr)
def test_a_record_survives_its_line(record: Record) -> None:
    entry = decode(encode(record, 12.3456))

    assert (entry.record, entry.time) == (record, 12.346)


def test_breaks_inside_a_field_do_not_break_the_line() -> None:
    assert decode(encode(Broken("a\tb\nc"), 0)).record == Broken("a b c")


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no record 'nothing'"):
        decode(b"1.0\tnothing\n")


def test_a_ledger_is_read_from_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.ledger"
    ledger = Ledger(path)
    ledger.add(RECORDS[:2])
    ledger.add(RECORDS[2:])
    ledger.close()

    assert [entry.record for entry in entries(path)] == RECORDS
    assert list(newest_first(path)) == RECORDS[::-1]


def test_one_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert not list(entries(tmp_path / "none"))
    assert not list(newest_first(tmp_path / "none"))


def test_half_a_line_does_not_count_and_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "a.ledger"
    path.write_bytes(encode(Lost("one"), 0) + b"1.0\tread\t1-1-1\ta.pl")
    assert [entry.record for entry in entries(path)] == [Lost("one")]
    assert list(newest_first(path)) == [Lost("one")]

    ledger = Ledger(path)
    ledger.add([Lost("two")])
    ledger.close()

    assert [entry.record for entry in entries(path)] == [Lost("one"), Lost("two")]
