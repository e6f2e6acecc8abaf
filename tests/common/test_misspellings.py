import pytest

from common.misspellings import LONGEST, MISSPELLED_USER, Misspellings, plain

WORDS = {"channels": "channels", "channel": "channel", "user": "user", "last_id": "last_id"}
MISSPELLED = Misspellings({**MISSPELLED_USER, **WORDS})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("channels", "channels"),
        ("Channels", "channels"),
        ("chanels", "channels"),  # A letter less,
        ("channelss", "channels"),  # a letter more,
        ("channeks", "channels"),  # another one,
        ("chanenls", "channels"),  # and two that changed places.
        ("channles", "channels"),
        ("lastId", "last_id"),
        ("last-id", "last_id"),
        ("LAST ID", None),  # Who puts a blank into a name has put a value behind it.
        ("usr", "user"),
        ("uesr", "user"),
        ("users", "user"),
        (" user", "user"),
        ('"user"', "user"),
        ("?user", "user"),
        ("amp;user", "user"),
        ("user[0]", "user"),
        ("user:42", "user"),
        ("user42", "user"),
        ("\ufeffuser", "user"),
        ("ｕｓｅｒ", "user"),  # As a Chinese keyboard has it.
    ],
)
def test_a_misspelled_name_says_what_was_meant(name: str, meant: str | None) -> None:
    assert MISSPELLED.meant(name) == meant


@pytest.mark.parametrize(
    "name", ["uid", "to", "use", "user_id", "content", "canal", "", "_", "42", "用户", "c" * 5000]
)
def test_another_word_is_not_misspelled(name: str) -> None:
    assert MISSPELLED.meant(name) is None


def test_a_name_that_is_too_long_is_another_word() -> None:
    assert MISSPELLED.meant("user" + "0" * (LONGEST - 4)) == "user"
    assert MISSPELLED.meant("user" + "0" * (LONGEST - 3)) is None


def test_of_two_words_that_are_near_the_first_counts() -> None:
    assert Misspellings({"channels": "first", "channel": "second"}).meant("channelx") == "first"
    assert Misspellings({"channel": "first", "channels": "second"}).meant("channelx") == "first"
    assert Misspellings({"channex": "first", "channey": "second"}).meant("channez") == "first"


def test_what_joins_words_and_their_case_do_not_count() -> None:
    assert plain("last-id") == plain("lastId") == plain("Last. ID") == plain("last_id")
