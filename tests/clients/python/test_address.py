import pytest

from message_center_client.address import Address


@pytest.mark.parametrize(
    ("url", "channels", "target"),
    [
        ("ws://h:1", None, "ws://h:1/?format=json"),
        ("http://h:1/ws", None, "ws://h:1/ws?format=json"),
        ("https://h", ["a", "news.*"], "wss://h/?channels=a,news.*&format=json"),
        ("wss://h/?token=t&format=text", "a", "wss://h/?token=t&channels=a&format=json"),
        ("ws://h/?channels=a&last=5&last_id=x", [], "ws://h/?channels=a&channels=&format=json"),
        ("ws://h/", "a,b", "ws://h/?channels=a,b&format=json"),
        ("ws://h/", ["a,b", "c"], "ws://h/?channels=%5B%22a,b%22,%22c%22%5D&format=json"),
        ("ws://h/?q=a%26b", ["a b"], "ws://h/?q=a%26b&channels=a+b&format=json"),
    ],
)
def test_it_asks_for_json_and_the_channels(
    url: str, channels: list[str] | None, target: str
) -> None:
    assert Address(url, channels).starting(None, "") == target


def test_it_begins_with_the_newest_until_it_has_a_place() -> None:
    address = Address("ws://h/")

    assert address.starting(0, "") == "ws://h/?format=json&last=0"
    assert address.starting(20, "1a-1-0") == "ws://h/?format=json&last_id=1a-1-0"


def test_where_no_websocket_can_be_is_refused() -> None:
    with pytest.raises(ValueError, match="ws://host:port/"):
        Address("ftp://h/")
