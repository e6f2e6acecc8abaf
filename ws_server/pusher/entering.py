"""How a client enters a channel and leaves it, at one exact place of the log."""

from dataclasses import replace
from functools import partial
from typing import Protocol

import gevent

from common.channels import MEMBERS, of_user
from common.errors import QueueUnavailable
from common.message import Mark
from common.page import Page
from common.store.webhooks import Note, Webhooks
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.door.grant import Grant
from ws_server.pusher import answers
from ws_server.pusher.client import Client
from ws_server.pusher.kinds import kind_of
from ws_server.pusher.last_events import LastEvents
from ws_server.pusher.memory import Memory
from ws_server.pusher.replays import Replay, Replays
from ws_server.pusher.rosters import Rosters, presence_of
from ws_server.pusher.rules import LIMIT, Admission
from ws_server.wire.close_codes import KICKED
from ws_server.wire.gap_reasons import TOO_OLD, UNKNOWN

PAUSE = 1.0  # Seconds before Redis is asked again.
# Of one client at once, as many as MAX_CHANNELS: it may enter and leave for ever.
MOST_LOOKS = 1000


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

    def __init__(
        self,
        hub: Hub,
        last_events: LastEvents,
        rosters: Rosters,
        here: Here,
        memory: Memory | None = None,
        webhooks: Webhooks | None = None,
    ) -> None:
        self._hub = hub
        self._sender = hub.sender
        self._last_events = last_events
        self._rosters = rosters
        self._here = here
        self._memory = memory
        self._webhooks = webhooks
        self._replays = Replays(hub.sender)
        # Of those who are not in yet. Who leaves and comes again has another one.
        self._awaited: dict[tuple[Connection, str], Admission] = {}
        hub.on_sent.append(self._kick)

    def enter(self, connection: Connection, client: Client, admission: Admission) -> None:
        """It subscribes; once more is as good as once."""
        if not connection.is_open:
            return
        channel, member = admission.channel, admission.member
        if channel in client.channels:
            self._tell_again(connection, client, admission)
            return
        if client.looking >= MOST_LOOKS:
            told = answers.not_subscribed(channel, LIMIT, "too much is asked for at once", 429)
            self._sender.post_raw(connection, told)
            return
        client.enter(channel, admission.name, member)
        if member is None:
            self._let_in(connection, client, admission)
            return
        self._here.enter_as(connection, admission.name, member.user, member.info)
        ready = partial(self._enter_as_member, connection, client, admission)
        ready = partial(self._sender.between_frames, connection, ready)
        self._rosters.enter(admission.name, member.user, client, ready)

    def leave(self, connection: Connection, client: Client, channel: str) -> None:
        """It unsubscribes."""
        if connection.remembered_as and client.channels.get(channel) in connection.grant.own:
            return  # As long as its user is signed in, it is sent what comes for the user.
        self._awaited.pop((connection, channel), None)
        name, member = client.leave(channel)
        if name is not None and name not in connection.grant.own:
            self._listen_to(connection, connection.channels - {name, MEMBERS + name})
            if self._memory is not None:
                self._memory.left(connection, name)
        if member is not None and name is not None:
            self._here.leave_as(connection, name)
            self._rosters.leave(name, member.user, client)

    def forget(self, connection: Connection, client: Client) -> None:
        """It is gone."""
        for channel in client.channels:
            self._awaited.pop((connection, channel), None)
        for channel, member in client.members.items():
            self._rosters.leave(client.channels[channel], member.user, client)

    def sign_in(self, connection: Connection, client: Client, channel: str, user: str) -> None:
        """Its user is known: what comes for the user, and an order to throw it out, reach it.

        One that is remembered first gets what came before, on `channel`, which is the user's.
        """
        had, connection.grant = connection.grant, replace(connection.grant, user=user)
        if not connection.remembered_as:
            self._listen_to(connection, connection.channels | connection.grant.own, had)
            return
        self._listen_to(connection, connection.channels, had)
        client.enter(channel, of_user(user), None)
        self._look(connection, client, Admission(channel, of_user(user), kind_of(channel)))

    def _kick(self, sent: Page) -> None:
        """An order to throw a user out reaches those, too, who are not in yet."""
        names = set(map(of_user, sent.addressing.kicked if sent.addressing else ()))
        for connection, _ in [key for key, of in self._awaited.items() if of.name in names]:
            self._sender.close(connection, KICKED)

    def _listen_to(
        self, connection: Connection, wanted: frozenset[str], grant: Grant | None = None
    ) -> None:
        had = connection.channels
        if wanted != had or grant is not None:
            self._hub.subscribe(connection, wanted)
            self._here.note_change(connection, had, grant or connection.grant)

    def _let_in(self, connection: Connection, client: Client, admission: Admission) -> None:
        channel = admission.channel
        looks_back = admission.kind.is_cached or bool(connection.remembered_as)
        if not looks_back:
            self._listen_to(connection, connection.channels | {admission.name})
        if admission.member is None:
            self._sender.post_raw(connection, answers.subscribed(channel))
        if looks_back:
            self._look(connection, client, admission)

    def _look(self, connection: Connection, client: Client, admission: Admission) -> None:
        client.looking += 1
        self._awaited[connection, admission.channel] = admission
        gevent.spawn(self._enter_later, connection, client, admission, connection.sent_upto)

    def _enter_as_member(
        self, connection: Connection, client: Client, admission: Admission
    ) -> None:
        """Who is there is known; what is sent from now on says who comes and goes."""
        events = MEMBERS + admission.name
        is_wanted = connection.is_open and admission.channel in client.channels
        if not is_wanted or events in connection.channels:
            return  # It has left; or left and come again, and is in already.
        self._listen_to(connection, connection.channels | {events})
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

    def _enter_later(
        self, connection: Connection, client: Client, admission: Admission, since: int
    ) -> None:
        """Where it was, and what came last, must be asked of Redis; it gets what came since."""
        try:
            self._look_and_enter(connection, admission, since)
        finally:
            client.looking -= 1

    def _look_and_enter(self, connection: Connection, admission: Admission, since: int) -> None:
        is_wanted = partial(self._awaits, connection, admission)
        epoch = connection.feed.epoch
        while is_wanted():
            try:
                mark, last = self._look_back(connection, admission, Mark(epoch, since))
            except QueueUnavailable:
                gevent.sleep(PAUSE)
                continue
            if connection.feed.epoch != epoch:  # Redis has lost messages, which it is told.
                since = connection.sent_upto
            if is_wanted():
                after = self._tell_start(connection, admission, mark, last, since)
                enter = partial(self._enter_now, connection, admission, after)
                tell_gap = partial(self._tell_gap, connection, admission.channel, mark, TOO_OLD)
                first = None if last is None or last > after else last
                self._replays.begin(
                    Replay(connection, admission.name, after, is_wanted, enter, tell_gap, first)
                )
            return

    def _tell_start(
        self,
        connection: Connection,
        admission: Admission,
        mark: Mark | None,
        last: int | None,
        since: int,
    ) -> int:
        """After which id it begins; it is told what it does not get."""
        channel, after = admission.channel, since
        if mark is not None and mark.epoch == connection.feed.epoch:
            after = mark.id
        elif mark is not None:
            self._tell_gap(connection, channel, mark, UNKNOWN)
        elif last is None and admission.kind.is_cached:
            self._sender.post_raw(connection, answers.cache_miss(channel))
        return after

    def _tell_gap(
        self, connection: Connection, channel: str, after: Mark | None, reason: str
    ) -> None:
        told = {"reason": reason, "after": None if after is None else str(after)}
        self._sender.post_raw(connection, answers.gap(channel, told))

    def _look_back(
        self, connection: Connection, admission: Admission, now: Mark
    ) -> tuple[Mark | None, int | None]:
        """Up to where the client has everything, and the last event that it is to get."""
        name, memory = admission.name, self._memory
        mark = None if memory is None else memory.recall(connection, name, now)
        last = self._last_events.find(name) if admission.kind.is_cached else None
        if admission.kind.is_cached and last is None and mark is None and self._webhooks:
            self._webhooks.push([], [Note("cache_miss", name)])  # Before the client is told.
        return mark, last

    def _enter_now(self, connection: Connection, admission: Admission, after: int) -> None:
        if self._awaits(connection, admission):
            del self._awaited[connection, admission.channel]
            self._listen_to(connection, connection.channels | {admission.name})
            if self._memory is not None:
                self._memory.entered(connection, admission.name, after)

    def _awaits(self, connection: Connection, admission: Admission) -> bool:
        known = self._awaited.get((connection, admission.channel))
        return connection.is_open and known is admission
