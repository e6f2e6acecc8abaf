from common.pusher.apps import App, Apps
from tests.support.pusher_http import ONE, SECRET, TWO


def test_the_first_application_has_plain_names_and_others_have_their_id() -> None:
    apps = Apps((*TWO, ("9", "third", "secret-of-the-third")))
    first, second, third = (apps.with_key(key) for key in (ONE[0][1], TWO[1][1], "third"))

    assert first == App(*ONE[0], prefix="", others=("7:", "9:"))
    assert second == App(*TWO[1], prefix="7:", others=("9:",))
    assert third is not None
    assert (third.prefix, third.others) == ("9:", ("7:",))


def test_an_application_is_found_by_its_key_only() -> None:
    apps = Apps(ONE)

    assert apps.with_key(ONE[0][0]) is None
    assert apps.with_key("") is None
    assert apps.has_id("3")
    assert not apps.has_id("7")


def test_without_any_the_protocol_is_not_spoken() -> None:
    assert not Apps(())
    assert Apps(ONE)


def test_a_secret_is_not_shown() -> None:
    assert SECRET not in repr(Apps(ONE).with_key(ONE[0][1]))
