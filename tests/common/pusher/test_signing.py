"""The examples are those of Pusher's own documents."""

import pytest

from common.pusher.apps import App
from common.pusher.signing import is_authorised, is_signed, of_channel, of_user, signature

APP = App("3", "278d425bdf160c739803", "7ad3773142a6692b25b8")


def test_a_text_is_signed_as_in_the_documents() -> None:
    text = b"1234.1234:private-foobar"

    assert signature(APP, text) == (
        "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
    )
    assert is_signed(APP, text, signature(APP, text))


@pytest.mark.parametrize("wrong", ["", "58df", "\u00e9" * 64, "\ud800", "0" * 64])
def test_another_signature_is_not_taken(wrong: str) -> None:
    assert not is_signed(APP, b"1234.1234:private-foobar", wrong)


def test_a_channel_and_a_user_are_signed_for_one_socket() -> None:
    data = '{"user_id":10,"user_info":{"name":"Mr. Channels"}}'

    assert of_channel("1234.1234", "private-foobar") == "1234.1234:private-foobar"
    assert of_channel("1234.1234", "presence-foobar", data) == f"1234.1234:presence-foobar:{data}"
    assert of_user("1234.1234", data) == f"1234.1234::user::{data}"
    assert is_authorised(
        APP,
        of_channel("1234.1234", "presence-foobar", data),
        f"{APP.key}:31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80",
    )


@pytest.mark.parametrize("auth", ["", ":", "278d425bdf160c739803", "other:{}", "{}", " {}"])
def test_what_names_another_key_is_not_taken(auth: str) -> None:
    right = signature(APP, b"1.2:private-a")

    assert is_authorised(APP, "1.2:private-a", f"{APP.key}:{right}")
    assert not is_authorised(APP, "1.2:private-a", auth.format(right))
    assert not is_authorised(APP, "1.2:private-b", f"{APP.key}:{right}")


def test_any_text_of_json_can_be_asked_about() -> None:
    assert not is_authorised(APP, of_user("1.2", "\ud800"), f"{APP.key}:{'0' * 64}")
