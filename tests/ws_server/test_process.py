"""WORKER_CLASS: what it may name."""

import pytest

from config.settings import SettingsError
from ws_server.process import load_worker_class
from ws_server.worker import Worker


class Mine(Worker):
    """A user's own."""


def test_a_subclass_is_found_by_its_name() -> None:
    assert load_worker_class(f"{__name__}:Mine").__qualname__ == "Mine"
    assert load_worker_class("ws_server.worker:Worker") is Worker


@pytest.mark.parametrize(
    "path", ["no.such.module:Worker", "ws_server.worker:Nobody", "ws_server.hub:Hub", "os:sep"]
)
def test_anything_else_stops_the_start_with_the_name_of_the_setting(path: str) -> None:
    with pytest.raises(SettingsError, match="^WORKER_CLASS: .*" + path.split(":", maxsplit=1)[0]):
        load_worker_class(path)
