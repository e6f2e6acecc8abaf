"""Who is a member of which channel, as this process knows it from the log.

Of a channel that nobody here is in, nothing is known. When the first one comes, Redis is asked
once, and queues a message with its answer: what has led to the answer comes into the log before
this message, and what changes it after it. From there on the log alone says who comes and goes. So
what a client is told when it enters, and what it is told after that, are one history.
"""

import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count

import gevent
from gevent.event import Event

from common.addressing import Addressing
from common.channels import MEMBERS, SYNC
from common.errors import QueueUnavailable
from common.message import Message
from common.page import Page
from common.store.roster import RosterReader
from ws_server.clients.hub import Hub
from ws_server.log.feed import Feed
from ws_server.pusher.client import Client, Member, read, written

log = logging.getLogger(__name__)

PAUSE = 1.0  # Seconds before Redis is asked again.
PATIENCE = 10.0  # Seconds after which a message that has not come does not come any more.

Ready = Callable[[], None]
Change = tuple[bytes, bytes]  # An event, and its content.


class Roster:
    """Of one channel: its members, and what is told of each, as `Member` has it."""

    __slots__ = ("changes", "is_known", "members", "sync", "users", "waiting")

    def __init__(self) -> None:
        self.members: dict[str, str] = {}
        self.is_known = Event()
        self.users = 0  # Clients here that are in it, or about to be.
        # By the member that somebody will be, and by the client: one that comes and goes for ever
        # waits once.
        self.waiting: dict[str, dict[Client, Ready]] = {}
        self.sync = ""  # The channel of the message that was queued with the answer.
        # Since this message was sent, while the answer is not here; None: it was not sent yet.
        self.changes: list[Change] | None = None

    def change(self, event: bytes, content: bytes) -> None:
        """Somebody has come or gone."""
        if self.is_known.is_set():
            _change(self.members, event, content)
        elif self.changes is not None:
            self.changes.append((event, content))


class Rosters:
    """Told of each page that has been sent."""

    def __init__(self, reader: RosterReader, hub: Hub, feed: Feed) -> None:
        self._reader = reader
        self._hub = hub
        self._feed = feed
        self._epoch = ""
        self._by_name: dict[str, Roster] = {}
        self._by_sync: dict[str, Roster] = {}
        self._syncs = map(f"{SYNC}{secrets.token_hex(8)}.{{}}".format, count())
        self._ready: list[Ready] = []
        hub.on_sent.append(self.note)

    def members(self, name: str) -> Mapping[str, str]:
        """Of a channel that somebody here is in."""
        return self._by_name[name].members

    def enter(self, name: str, user: str, client: Client, ready: Ready) -> None:
        """A client is to be in a channel: `ready` is called when its user is known as a member.

        Then no fan-out is under way: what has been sent has led to the members that are known.
        """
        roster = self._by_name.get(name)
        if roster is None:
            roster = self._by_name[name] = Roster()
            gevent.spawn(self._learn, name, roster)
        roster.users += 1
        roster.waiting.setdefault(user, {})[client] = ready
        self._note_ready(roster)
        self._call_ready()

    def leave(self, name: str, user: str, client: Client) -> None:
        """A client is not in it any more, and is not waiting to be."""
        roster = self._by_name[name]
        roster.users -= 1
        waiting = roster.waiting.get(user, {})
        waiting.pop(client, None)
        if not waiting:
            roster.waiting.pop(user, None)
        if not roster.users:
            del self._by_name[name]

    def note(self, part: Page) -> None:
        """These messages have been sent."""
        if self._hub.mark.epoch != self._epoch:  # Redis has lost messages: some may be of ours.
            self._epoch = self._hub.mark.epoch
            self._learn_anew()
        if self._by_name and part.addressing is not None:
            self._apply(part, part.addressing)
        self._call_ready()

    def _apply(self, part: Page, addressing: Addressing) -> None:
        by_name = addressing.by_name
        names = [name for name in by_name if name.startswith((MEMBERS, SYNC))]
        for place, name in sorted((at, each) for each in names for at in by_name[each]):
            waiting = self._by_sync.pop(name, None)
            if waiting is not None:
                self._pass(waiting)
                continue
            roster = self._by_name.get(name.removeprefix(MEMBERS))
            if roster is not None and part.events:
                roster.change(part.events[place], part.contents[place])
                self._note_ready(roster)

    def _pass(self, roster: Roster) -> None:
        """The message that was queued with the answer has been sent."""
        roster.changes = []
        if roster.sync == "":  # The answer is here already.
            self._know(roster)

    def _know(self, roster: Roster) -> None:
        changes, roster.changes = roster.changes or [], None
        roster.is_known.set()
        for change in changes:
            roster.change(*change)
        self._note_ready(roster)

    def _note_ready(self, roster: Roster) -> None:
        if roster.is_known.is_set():
            for user in roster.waiting.keys() & roster.members.keys():
                self._ready += roster.waiting.pop(user).values()

    def _call_ready(self) -> None:
        if self._feed.head == self._feed.done:
            ready, self._ready = self._ready, []
            for call in ready:
                try:
                    call()
                except Exception:  # Messages must go on to all others.
                    log.exception("A client could not be let into a channel")

    def _learn_anew(self) -> None:
        for name, roster in self._by_name.items():
            if roster.is_known.is_set():
                roster.is_known.clear()
                gevent.spawn(self._learn, name, roster)

    def _learn(self, name: str, roster: Roster) -> None:
        """Until it is known, or nobody wants it any more."""
        while self._by_name.get(name) is roster and not roster.is_known.is_set():
            sync = roster.sync = next(self._syncs)
            roster.changes = None
            self._by_sync[sync] = roster
            try:
                roster.members = self._reader.read(name, Message("-", (sync,)).to_item())
            except QueueUnavailable:
                gevent.sleep(PAUSE)
            else:
                roster.sync = ""
                if roster.changes is not None:
                    self._know(roster)
                    self._call_ready()
                roster.is_known.wait(PATIENCE)
            self._by_sync.pop(sync, None)


def _change(members: dict[str, str], event: bytes, content: bytes) -> None:
    # Anybody may push such a message.
    with suppress(ValueError, LookupError, TypeError, RecursionError):
        said = json.loads(content)
        user = str(said["user_id"])
        if event == b"joined":
            members[user] = written(said["user_id"], said.get("user_info"))
        elif event == b"left":
            members.pop(user, None)


def presence_of(members: Mapping[str, str], itself: Member) -> dict[str, object]:
    """What a client is told of the members, of whom it is one."""
    all_ = {itself.user: itself.info, **members}
    hash_ = {user: read(info) for user, info in all_.items()}
    ids: Sequence[str] = list(all_)
    return {"presence": {"count": len(all_), "ids": ids, "hash": hash_}}
