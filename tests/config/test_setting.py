from dataclasses import dataclass

from config.checks import OneOf
from config.setting import PORT, describe_group, setting


@dataclass(frozen=True)
class Group:
    port: int = setting(80, "Where it listens", PORT)
    secret: str = setting("x", "Nobody knows", str, secret=True)
    names: tuple[str, ...] = setting(("a", "b"), "Who", str)
    on: bool = setting(True, "Whether", str)


def test_a_group_is_described_in_its_order_as_one_would_write_it() -> None:
    assert [(each.name, each.default, each.meaning) for each in describe_group(Group)] == [
        ("PORT", "80", "Where it listens"),
        ("SECRET", "x", "Nobody knows"),
        ("NAMES", "a,b", "Who"),
        ("ON", "1", "Whether"),
    ]
    assert describe_group(Group)[0].check is PORT


def test_a_secret_is_not_shown() -> None:
    assert "secret" not in repr(Group())


def test_one_of_several_words_is_taken_in_any_case() -> None:
    assert OneOf("one", "two")("Two") == "two"
