import pytest

from common.errors import MessageCenterError, PushRefused, QueueUnavailable


@pytest.mark.parametrize("kind", [PushRefused, QueueUnavailable])
def test_one_root_catches_them_all(kind: type[Exception]) -> None:
    assert issubclass(kind, MessageCenterError)


def test_a_refusal_says_why_and_keeps_its_data() -> None:
    refused = PushRefused(413, "content_too_large", "too large")

    assert str(refused) == "too large"
    assert (refused.status, refused.error, refused.index) == (413, "content_too_large", None)


def test_a_refusal_in_a_batch_names_the_item_even_the_first() -> None:
    assert str(PushRefused(422, "content_empty", "empty", 0)) == "empty (item 0)"


def test_an_unavailable_queue_says_why() -> None:
    assert str(QueueUnavailable("refused")) == "Redis is unavailable: refused"
