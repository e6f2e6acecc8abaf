from common.receipt import Counted, Numbers


def test_what_is_counted_can_be_compared_with_what_was_told() -> None:
    numbers = Numbers(to=3, missed=1, confirmed=1, behind=0)

    assert Counted("p", 1, numbers) == Counted("p", 1, Numbers(3, 1, 1, 0))
    assert Counted("p", 1, numbers) != Counted("p", 1, numbers, {"42": numbers})
