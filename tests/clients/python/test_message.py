import pytest

from message_center_client.errors import NotUnderstood
from message_center_client.message import Gap, Message, Notice, read


def test_a_frame_is_a_message_a_gap_or_another_notice() -> None:
    message = '{"id":"1-1","channel":"orders","content":"paid","time":5}'
    to_all = '{"id":"1-2","channel":null,"content":{"n":[1]},"time":6,"new":1}'
    gap = '{"type":"gap","id":"1-3","after":"1-2","reason":"why"}'

    assert read(message) == Message("1-1", "paid", "orders", 5)
    assert read(to_all) == Message("1-2", {"n": [1]}, None, 6)
    assert read(gap) == Gap("1-3", "1-2", "why")
    assert read('{"type":"cursor","id":"1-4"}') == Notice("cursor", "1-4")
    named = message.replace("}", ',"event":"made"}')
    assert read(named) == Message("1-1", "paid", "orders", 5, "made")
    welcome = '{"type":"welcome","id":"1-4","connection":"1.2"}'
    assert read(welcome) == Notice("welcome", "1-4", "1.2")
    assert read('{"type":"error","error":"bad_command"}') == Notice("error", "")


@pytest.mark.parametrize("frame", ["hello", "5", "[]", "null", "{}", '{"type":"gap"}', "[" * 99999])
def test_what_another_server_says_is_not_understood(frame: str) -> None:
    with pytest.raises(NotUnderstood, match="no frame of message-center"):
        read(frame)
