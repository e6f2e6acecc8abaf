"""The door of the HTTP port beside Flask, with a queue in memory."""

import random
from ipaddress import ip_network
from typing import Any

from common.errors import QueueUnavailable
from config.settings import Settings
from http_api.app import create_app
from http_api.process import plain
from tests.fuzz.http_parts import TOKEN
from tests.fuzz.http_requests import connection
from tests.fuzz.pair import Fuzz, Pair, Side
from tests.support.fakes import FakeClock, FakeCommits, FakePresenceReader, FakeQueue

TOKENS = (("one", TOKEN),)
LOOPBACK = (ip_network("127.0.0.0/8"),)
# Every limit of a push is reached now and then.
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"push_tokens": TOKENS},
    {"push_tokens": (("one", TOKEN, "push=a,b.*,user:ann everybody"),)},
    {"push_tokens": (("one", TOKEN, "push=*,user:1"),), "token_requests_per_second": 7.0},
    {"push_tokens": (("one", TOKEN, "read"),)},
    {
        "push_tokens": TOKENS,
        "trusted_proxies": LOOPBACK,
        "address_requests_per_second": 8.0,
        "token_requests_per_second": 7.0,
        "address_messages_per_second": 6.0,
        "token_messages_per_second": 5.0,
    },
    {"max_content_bytes": 256, "max_body_bytes": 4096, "max_channels": 3},
)


class Api(Side):
    """The HTTP API."""

    def __init__(self, settings: Settings, at_door: bool) -> None:
        super().__init__(settings)
        self.queue = FakeQueue()
        self.clock = FakeClock()
        self.flask = create_app(settings, self.queue, FakePresenceReader(), self.clock)
        push = plain(self.flask)
        push.commit_to(FakeCommits(self.queue), settings.idempotency_seconds)
        if at_door:
            self.put_at_door(push)

    def vary(self, chance: random.Random) -> None:
        """Time goes on; Redis may be away, or forget all ids."""
        self.clock.now += chance.choice([0.0, 0.1, 0.3])
        self.queue.fault = QueueUnavailable("away") if chance.random() < 0.05 else None
        if chance.random() < 0.2:
            self.queue.take()

    def done(self) -> list[Any]:
        items = [item for push in self.queue.pushes for item in push]
        self.queue.pushes.clear()
        return items


def _make_pairs() -> list[Pair]:
    every = [Settings(header_timeout=5.0, **each) for each in SETTINGS]
    return [Pair(*(Api(each, at_door) for at_door in (True, False))) for each in every]


FUZZ = Fuzz(_make_pairs, connection)
