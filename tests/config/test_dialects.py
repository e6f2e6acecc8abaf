from config.dialects import DialectSettings
from config.setting import describe_group


def test_other_protocols_are_spoken_only_if_a_setting_says_so() -> None:
    assert {each.name: each.default for each in describe_group(DialectSettings)} == {
        "PUSHER_APPS": "",
        "PUSHER_WEBHOOKS": "",
        "SOCKET_IO": "0",
    }
