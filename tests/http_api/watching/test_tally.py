from http_api.watching.tally import Tally


def test_pushes_are_counted_by_result_and_messages_by_who_has_pushed_them() -> None:
    tally = Tally()
    for token in ("shop", None, "shop"):
        tally.pushed_by(token).count += 1
    tally.note_batch("shop", 10)
    tally.empty += 1
    tally.refused["unauthorized"] += 3

    assert tally.pushes == 4
    assert tally.results() == {"success": 4, "content_empty": 1, "unauthorized": 3}
    assert tally.messages() == {"shop": 12, "anybody": 1}
