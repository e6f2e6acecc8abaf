"""Which formats there are."""

from config.settings import Settings
from tests.support.fake_log import FakeLog
from tests.support.pusher_talk import APPS
from ws_server.door.policy import OPEN, Policy
from ws_server.feeds import make_feeds

OURS = {"text", "json", "text-events", "json-events"}


def test_other_protocols_have_a_feed_if_they_are_spoken() -> None:
    def names(policy: Policy) -> set[str]:
        return set(make_feeds(Settings(), FakeLog(), policy))

    assert names(OPEN) == OURS
    assert names(Policy(apps=APPS)) == OURS | {"pusher"}
    assert names(Policy(socket_io=True)) == OURS | {"socketio", "socketio-3"}
