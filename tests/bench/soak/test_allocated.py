"""What the allocators say is in use and free."""

import gc
import platform
from pathlib import Path

import pytest

from bench.soak.allocated import MIB, allocated


def grown(before: dict[str, float]) -> float:
    return allocated()["in use"] - before["in use"]


def test_small_objects_and_large_ones_are_counted_as_long_as_they_are_in_use() -> None:
    before = allocated()
    small = [bytes(100) for _ in range(20_000)]
    with_small = grown(before)
    large = bytes(5 * MIB) if platform.libc_ver()[0] == "glibc" else None
    with_both = grown(before)

    assert with_small == pytest.approx(20_000 * (144 + 8) / MIB, rel=0.2)
    if large is not None:
        assert with_both - with_small == pytest.approx(5, rel=0.1)

    del small, large
    assert grown(before) == pytest.approx(0, abs=0.3)
    assert allocated()["free"] > 0


def test_the_standard_error_is_what_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    before = len(list(Path("/dev/fd").iterdir()))

    allocated()

    assert capfd.readouterr().err == ""
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_asking_takes_no_memory() -> None:
    allocated()
    gc.collect()
    before = len(gc.get_objects())

    for _ in range(20):
        allocated()

    assert len(gc.get_objects()) < before + 20
