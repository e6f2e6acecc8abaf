"""Scripts over a pool: known to the server or not, and tried again while there is time."""

from uuid import uuid4

import pytest
import redis

from common.errors import QueueUnavailable
from common.store.connect import connect
from common.store.script import Script, source


def losing_client(monkeypatch: pytest.MonkeyPatch) -> tuple[redis.Redis, list[object]]:
    """A client that loses its connection at each command, and the commands."""
    client = connect("redis://nowhere.invalid/0", timeout=5, connections=1)
    tried: list[object] = []

    def lose(*command: object) -> None:
        tried.append(command)
        raise redis.ConnectionError

    monkeypatch.setattr(client, "execute_command", lose)
    return client, tried


@pytest.mark.parametrize(("lost_after", "tries"), [(4.9, 2), (5.0, 1)])
def test_it_is_tried_again_only_while_there_is_time(
    monkeypatch: pytest.MonkeyPatch, lost_after: float, tries: int
) -> None:
    client, tried = losing_client(monkeypatch)
    monkeypatch.setattr("common.store.script.monotonic", iter([100.0, 100.0 + lost_after]).__next__)

    with pytest.raises(QueueUnavailable):
        Script(client, "return 0").run([], (), repeatable=True)
    assert len(tried) == tries


def test_what_may_not_be_repeated_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    client, tried = losing_client(monkeypatch)

    with pytest.raises(QueueUnavailable):
        Script(client, "return 0").run([], (), repeatable=False)
    assert len(tried) == 1


@pytest.mark.integration
def test_a_script_that_the_server_does_not_know_is_sent_to_it(client: redis.Redis) -> None:
    script = Script(client, f"return {{KEYS[1], ARGV[1]}} -- {uuid4()}")

    for _ in range(2):
        assert script.run(["key"], ("word",), repeatable=False) == [b"key", b"word"]


def test_scripts_lie_beside_the_file() -> None:
    assert "KEYS" in source("settle.lua")
