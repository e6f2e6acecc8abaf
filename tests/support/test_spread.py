from itertools import chain

from tests.support.spread import PARTS, spread

SHORT = [("common", f"test_{number}") for number in range(90)]
LONG = [("integration", name) for part in PARTS for name in part]
OTHERS = [("integration", "test_other")] * 3
ALL = [*SHORT, *OTHERS, *LONG]
Place = tuple[str, str]


def parts(count: int) -> list[list[Place]]:
    """What each process is given at first."""
    left, found = spread(ALL, count, lambda place: place), []
    for at in range(count):
        size = len(left) // (count - at)
        found.append(left[:size])
        left = left[size:]
    return found


def test_no_test_is_lost_or_doubled() -> None:
    for count in (1, 2, 5, 8):
        assert sorted(chain.from_iterable(parts(count))) == sorted(ALL)


def test_each_process_begins_with_long_ones() -> None:
    for part in parts(5):
        folders = [folder for folder, _ in part]
        assert folders == sorted(folders, key=lambda folder: folder != "integration")
        assert folders[0] == "integration"


def test_crowds_are_in_one_part_in_their_order() -> None:
    first = [name for _, name in parts(5)[0]]

    assert tuple(first[: len(PARTS[0])]) == PARTS[0]


def test_a_file_is_in_one_part() -> None:
    assert sum("test_other" in [name for _, name in part] for part in parts(5)) == 1
