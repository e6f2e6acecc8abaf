from config.settings import Settings
from http_api.app import PLAIN_PUSH
from http_api.plain_push import PlainPush
from http_api.plain_trigger import PlainBoth
from tests.support.pusher_http import ONE
from tests.support.reads import Stores


def test_the_door_looks_for_triggers_only_where_there_are_applications() -> None:
    """So a plain push pays nothing for them elsewhere."""
    without, with_one = Stores().app(), Stores().app(Settings(pusher_apps=ONE))

    assert type(without.extensions[PLAIN_PUSH]) is PlainPush
    assert type(with_one.extensions[PLAIN_PUSH]) is PlainBoth
    assert "pusher" not in without.blueprints
    assert "pusher" in with_one.blueprints
