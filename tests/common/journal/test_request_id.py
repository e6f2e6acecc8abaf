"""Which ids of callers are taken, and those that are made."""

import pytest

from common.journal.request_id import given, made


@pytest.mark.parametrize("id_", ["a", "7b0c1f52-91f1-4a6e-8f5d", "Root=1-67/ab+c=", "x" * 128])
def test_a_sane_id_is_taken(id_: str) -> None:
    assert given(id_) == id_


@pytest.mark.parametrize("id_", [None, "", "a b", "a\nb", "x" * 129, "é", "a,b", "a\n"])
def test_any_other_is_not(id_: str | None) -> None:
    assert given(id_) is None


def test_one_that_is_made_is_sane_and_new() -> None:
    one, other = made(), made()

    assert given(one) == one
    assert one != other
