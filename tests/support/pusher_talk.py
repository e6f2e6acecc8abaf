"""A client that speaks Pusher's protocol to a service in this process, and its backend's secret."""

import json
from typing import Any

from common.pusher.apps import App, Apps
from common.pusher.signing import of_channel, of_user, signature
from common.store.queue import Queue
from common.store.roster import RosterReader
from common.store.webhooks import Webhooks
from config.settings import Settings
from tests.support.fake_log import FakeLog
from tests.support.parts import Peer
from tests.support.running import Running
from tests.support.websocket import TEXT, frame
from ws_server.door.listen import Listen
from ws_server.door.policy import Policy
from ws_server.service import PusherStores

APPS = Apps([("one", "key-one", "secret-one"), ("two", "key-two", "secret-two")])
ONE, TWO = APPS
MOST_CHANNELS = 5


class Named:
    """Stands for a connection, of which only its id is asked."""

    id = "1.2"


class FakeQueue(Queue):
    """Notes what is pushed; all of it fails while there is a `fault`."""

    def __init__(self) -> None:
        self.items: list[bytes] = []
        self.fault: Exception | None = None

    def push(self, items: Any) -> None:
        if self.fault is not None:
            raise self.fault
        self.items += items

    def push_once(self, items: Any, ids: Any, seconds: int) -> int | None:
        raise NotImplementedError

    def check(self) -> None:
        raise NotImplementedError


class FakeRosters(RosterReader):
    """Nobody is anywhere."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log

    def read(self, channel: str, item: bytes) -> dict[str, str]:
        self._log.push(b"-", recipients=[(json.loads(item[1:])["channels"][0],)])
        return {}


def build(running: Running, webhooks: Webhooks | None = None, **settings: Any) -> FakeQueue:
    """Let the service speak the protocol; what its clients' events are pushed to."""
    running.build(policy=Policy(apps=APPS), **settings)
    queue = FakeQueue()
    stores = PusherStores(queue, FakeRosters(running.log), running.remembered.clients, webhooks)
    running.service.speak_pusher(stores, Settings(max_channels=MOST_CHANNELS))
    return queue


def auth_of(text: str, app: App = ONE) -> str:
    """What a client shows: the key of an application, and its signature of a text."""
    return f"{app.key}:{signature(app, text.encode())}"


class Talk:
    """One client."""

    def __init__(self, running: Running, key: str = ONE.key, page: str = "") -> None:
        self.app = APPS.with_key(key)
        listen = Listen("pusher", app=self.app, page=page)
        self.peer: Peer = running.connect(listen=listen)
        self.socket_id = ""
        if self.app is not None:
            self.socket_id = self.hear("pusher:connection_established")["socket_id"]

    def say(self, event: str, data: object = None, **fields: object) -> None:
        """Send an event."""
        text = json.dumps({"event": event, "data": data, **fields})
        self.peer.send(frame(TEXT, text.encode()))

    def next(self) -> dict[str, Any]:
        """The next event."""
        (said,) = self.peer.texts(1)
        found: dict[str, Any] = json.loads(said)
        return found

    def hear(self, event: str, channel: str | None = None) -> Any:
        """What the next event says, which must be this one."""
        said = self.next()
        assert (said["event"], said.get("channel")) == (event, channel)
        data = said["data"]
        return json.loads(data) if isinstance(data, str) else data

    def sign(self, channel: str, data: str | None = None) -> str:
        """What the client's backend answers it."""
        assert self.app is not None
        return auth_of(of_channel(self.socket_id, channel, data), self.app)

    def subscribe(self, channel: str, **more: object) -> Any:
        """Subscribe, with the right signature; what the success says."""
        self.say("pusher:subscribe", {"channel": channel, "auth": self.sign(channel), **more})
        return self.hear("pusher_internal:subscription_succeeded", channel)

    def sign_in(self, user: str) -> None:
        """Say who its user is, with the right signature."""
        assert self.app is not None
        data = json.dumps({"id": user})
        auth = auth_of(of_user(self.socket_id, data), self.app)
        self.say("pusher:signin", {"auth": auth, "user_data": data})
        assert self.hear("pusher:signin_success") == {"user_data": data}
