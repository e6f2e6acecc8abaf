from message_center_client.backoff import Backoff


def test_it_doubles_up_to_the_longest_and_is_never_twice_the_same() -> None:
    backoff = Backoff(1.0, 4.0)
    pauses = [backoff.pause() for _ in range(5)]

    for pause, middle in zip(pauses, (1, 2, 4, 4, 4), strict=True):
        assert middle * 0.5 <= pause <= middle * 1.5
    assert len(set(pauses)) == 5


def test_it_is_never_shorter_than_the_server_has_asked_for() -> None:
    pauses = [Backoff(0.1, 4.0).pause(at_least=10) for _ in range(20)]

    assert all(10 <= pause <= 12.5 for pause in pauses)
    assert len(set(pauses)) == 20


def test_after_a_success_it_begins_anew() -> None:
    backoff = Backoff(1.0, 1000.0)
    for _ in range(5):
        backoff.pause()
    backoff.reset()

    assert backoff.pause() <= 1.5
