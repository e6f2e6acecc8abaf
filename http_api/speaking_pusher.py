"""Pusher's HTTP API, put together for an application: behind Flask, and at the door."""

from dataclasses import dataclass

from flask import Flask

from common.outage import Outage
from common.pusher.apps import Apps
from common.store.queue import Queue
from http_api.access.guard import Guard
from http_api.access.waiting import Admit, Turn
from http_api.plain_push import PlainPush
from http_api.plain_trigger import PlainBoth, PlainTrigger
from http_api.pusher.backend import Backend
from http_api.pusher.routes import Entrance, Views, add_pusher
from http_api.pusher.state import State
from http_api.reading.bodies import Bodies
from http_api.reading.limits import Limits
from http_api.watching.reads import ReadStores
from http_api.watching.stats import Stats
from http_api.watching.tally import Tally


@dataclass(frozen=True, slots=True)
class Shared:
    """What all ways of pushing have in common."""

    queue: Queue
    guard: Guard
    bodies: Bodies
    limits: Limits
    outage: Outage
    tally: Tally
    admit: Admit
    turn: Turn


class PusherApi:
    """The HTTP API of some applications."""

    def __init__(self, apps: Apps, shared: Shared) -> None:
        self._apps = apps
        self._shared = shared

    def add_routes(self, app: Flask, stores: ReadStores, stats: Stats) -> None:
        """Answer behind Flask."""
        shared = self._shared
        state = State(stores.counts, stores.people, shared.turn)
        backend = Backend(shared.queue, shared.admit, shared.limits, state, stats, shared.tally)
        entrance = Entrance(self._apps, shared.guard, shared.bodies)
        add_pusher(app, entrance, Views(backend, state), shared.outage)

    def beside(self, push: PlainPush) -> PlainBoth:
        """Answer triggers at the door, too."""
        of = self._shared
        trigger = PlainTrigger(self._apps, of.guard, of.bodies, of.limits, of.outage, of.tally)
        return PlainBoth(push, trigger)
