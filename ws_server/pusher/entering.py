"""How a client enters a channel and leaves it, at one exact place of the log."""

from dataclasses import replace
from functools import partial
from typing import Protocol

import gevent

from common.channels import MEMBERS
from common.errors import QueueUnavailable
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.door.grant import Grant
from ws_server.pusher import answers
from ws_server.pusher.client import Client
from ws_server.pusher.last_events import LastEvents
from ws_server.pusher.replays import Replay, Replays
from ws_server.pusher.rosters import Rosters, presence_of
from ws_server.pusher.rules import Admission
from ws_server.wire.gap_reasons import TOO_OLD

PAUSE = 1.0  # Seconds before Redis is asked again.


class Here(Protocol):
    """Who is told what clients listen to, and who is a member."""

    def note_change(self, connection: Connection, had: frozenset[str], was: Grant) -> None:
        """It had other channels, and perhaps another grant."""

    def enter_as(self, connection: Connection, name: str, who: str, info: str) -> None:
        """It is a member of a channel, from before it listens to it."""

    def leave_as(self, connection: Connection, name: str) -> None:
        """It is no member any more, and does not listen."""


class Entering:
    """To be called by way of `Sender.between_frames`."""

    def __init__(self, hub: Hub, last_events: LastEvents, rosters: Rosters, here: Here) -> None:
        self._hub = hub
        self._sender = hub.sender
        self._last_events = last_events
        self._rosters = rosters
        self._here = here
        self._replays = Replays(hub.sender)

    def enter(self, connection: Connection, client: Client, admission: Admission) -> None:
        """It subscribes; once more is as good as once."""
        if not connection.is_open:
            return
        channel, member = admission.channel, admission.member
        if channel in client.channels:
            self._tell_again(connection, client, admission)
            return
        client.channels[channel] = admission.name
        if member is None:
            self._let_in(connection, client, admission)
            return
        client.members[channel] = member
        self._here.enter_as(connection, admission.name, member.user, member.info)
        ready = partial(self._enter_as_member, connection, client, admission)
        ready = partial(self._sender.between_frames, connection, ready)
        self._rosters.enter(admission.name, member.user, ready)

    def leave(self, connection: Connection, client: Client, channel: str) -> None:
        """It unsubscribes."""
        name = client.channels.pop(channel, None)
        if name is not None and name not in connection.grant.own:
            self._listen_to(connection, connection.channels - {name, MEMBERS + name})
        if client.members.pop(channel, None) is not None and name is not None:
            self._here.leave_as(connection, name)
            self._rosters.leave(name)

    def forget(self, client: Client) -> None:
        """It is gone."""
        for channel in client.members:
            self._rosters.leave(client.channels[channel])

    def sign_in(self, connection: Connection, user: str) -> None:
        """Its user is known. What comes for the user, and an order to throw it out, reach it."""
        had, connection.grant = connection.grant, replace(connection.grant, user=user)
        self._listen_to(connection, connection.channels | connection.grant.own, had)

    def _listen_to(
        self, connection: Connection, wanted: frozenset[str], grant: Grant | None = None
    ) -> None:
        had = connection.channels
        if wanted != had or grant is not None:
            self._hub.subscribe(connection, wanted)
            self._here.note_change(connection, had, grant or connection.grant)

    def _let_in(self, connection: Connection, client: Client, admission: Admission) -> None:
        channel = admission.channel
        if not admission.kind.is_cached:
            self._listen_to(connection, connection.channels | {admission.name})
        if admission.member is None:
            self._sender.post_raw(connection, answers.subscribed(channel))
        if admission.kind.is_cached:
            gevent.spawn(self._enter_with_last, connection, client, admission)

    def _enter_as_member(
        self, connection: Connection, client: Client, admission: Admission
    ) -> None:
        """Who is there is known; what is sent from now on says who comes and goes."""
        if not self._wants(connection, client, admission.channel):
            return
        self._listen_to(connection, connection.channels | {MEMBERS + admission.name})
        self._tell_again(connection, client, admission)
        self._let_in(connection, client, admission)

    def _tell_again(self, connection: Connection, client: Client, admission: Admission) -> None:
        channel, name = admission.channel, admission.name
        told: object = None
        if channel in client.members:
            if MEMBERS + name not in connection.channels:
                return  # It is about to be told.
            told = presence_of(self._rosters.members(name), client.members[channel])
        self._sender.post_raw(connection, answers.subscribed(channel, told))

    def _enter_with_last(
        self, connection: Connection, client: Client, admission: Admission
    ) -> None:
        channel, name = admission.channel, admission.name
        last = None
        while self._wants(connection, client, channel):
            try:
                last = self._last_events.find(name)
                break
            except QueueUnavailable:
                gevent.sleep(PAUSE)
        if not self._wants(connection, client, channel):
            return
        enter = partial(self._enter_now, connection, client, admission)
        if last is None:
            self._sender.post_raw(connection, answers.cache_miss(channel))
            self._sender.between_frames(connection, enter)
            return
        is_wanted = partial(self._wants, connection, client, channel)
        missing = answers.gap(channel, {"reason": TOO_OLD})
        tell_gap = partial(self._sender.post_raw, connection, missing)
        self._replays.begin(Replay(connection, name, last - 1, is_wanted, enter, tell_gap))

    def _enter_now(self, connection: Connection, client: Client, admission: Admission) -> None:
        if self._wants(connection, client, admission.channel):
            self._listen_to(connection, connection.channels | {admission.name})

    def _wants(self, connection: Connection, client: Client, channel: str) -> bool:
        return connection.is_open and channel in client.channels
