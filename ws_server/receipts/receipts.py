"""Who has got the messages whose receipts are asked for, as far as this process knows.

A message is *for* the clients that are here when it is published and listen to it, for those that
come back later to an older place of the log, and for one to which it is sent first, as it waited
for its user. Each of them is in one of four cases: the message is written to its socket; it is
behind; it has *missed* it, as it left or was told of a gap before; and of those to whom it is
written, some have *confirmed* it. Nothing is asked of Redis here, and nothing is counted as long
as no receipt is asked for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic, time

from common.message import parse_id
from common.metrics.numbers import Buckets
from common.page import Page
from common.receipt import Counted
from ws_server.clients.audience import Audiences
from ws_server.clients.connection import Clients, Connection
from ws_server.clients.witness import Witness
from ws_server.clients.written import hears_all, written_upto
from ws_server.receipts.asked import Asking, asked_of, note_times
from ws_server.receipts.departed import Departed
from ws_server.receipts.to_all import CONFIRMED, MISSED, TO, ToAll
from ws_server.receipts.to_some import Receipt, ToSome
from ws_server.receipts.waited import Waited

MOST_OPEN = 10_000  # Receipts, as many as Redis keeps.
ASKED_FOR = 10.0  # Seconds after such a message in which all clients are asked to confirm.


class Receipts(Witness):
    """Tells `asking` whose pongs it needs."""

    def __init__(
        self,
        clients: Clients,
        audiences: Iterable[Audiences],
        asking: Asking,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._clients, self._asking, self._clock = clients, asking, clock
        clients.on_leaving, clients.on_skipping = self.leaves, self.skips
        self._audiences = list(audiences)
        asking.on_confirmed.append(self.confirmed)
        self._to_all, self._to_some = ToAll(), ToSome()
        self.waited = Waited(self._to_some)
        self._opened: list[tuple[float, int]] = []  # When, and the last id of those opened then.
        self._last = 0  # The id of the last message that was looked at.
        self._done = 0  # And of the last that was offered to everybody.
        self._ahead: dict[Connection, None] = {}  # Clients that another process has served so far.
        self._skipped: dict[Connection, list[tuple[int, int]]] = {}  # What each was told a gap of.
        self._departed = Departed()
        self._cut: list[Counted] = []
        self._pushed: Mapping[bytes, int] = {}  # When those were that are being sent.
        self.to_written = Buckets("push_to_written_seconds")

    def __len__(self) -> int:
        return self._to_all.count + len(self._to_some.all)

    @property
    def has_cut(self) -> bool:
        """Whether there is something to be told of messages that are not counted any more."""
        return bool(self._cut)

    # Messages

    def open(self, page: Page) -> None:
        """Messages are about to be sent. Those that were looked at are not looked at again."""
        if page.receipts is None:
            return
        asked = asked_of(page.after(self._last))
        ids = [*map(parse_id, asked.for_all[:1]), *(at for at, _ in asked.for_some[:1])]
        if not ids:
            return
        now = self._clock()
        self._asking.want_until(now + ASKED_FOR)
        self._last = page.last
        self._opened.append((now, self._last))
        self._pushed = asked.pushed
        self._ahead = {each: None for each in self._ahead if each.sent_upto > min(ids)}
        for at, names in asked.for_some:
            self._open_to_some(Receipt(at, names))
        self._open_to_all(asked.for_all)
        while (len(self) > MOST_OPEN or self._to_some.is_full) and len(self._opened) > 1:
            self._forget_upto(self._opened.pop(0)[1])

    def close(self) -> None:
        """They were offered to everybody."""
        self._done = self._last
        if self._pushed:
            note_times(self.to_written, self._pushed, time())
            self._pushed = {}

    def _open_to_all(self, ids: Sequence[bytes]) -> None:
        # It is nearly always the same for all of them.
        for some in [[each] for each in ids] if self._ahead else [ids] if ids else []:
            self._to_all.open(some, self._count_all(parse_id(some[0])))

    def _open_to_some(self, receipt: Receipt) -> None:
        self._to_some.open(receipt)
        listening = {
            connection
            for audiences in self._audiences
            for name in receipt.subscriptions
            for connection in audiences.members(name)
        }
        for connection in listening:
            if connection.is_open and connection.sent_upto < receipt.at:
                receipt.add(TO, connection, 1)

    def _count_all(self, at: int) -> int:
        feeds, closing = self._clients.by_feed.items(), self._clients.closing
        here = sum(len(some) for feed, some in feeds if not feed.format.has_frame_by_channel)
        ahead = (each for each in self._ahead if each.is_open and each.sent_upto >= at)
        return here - sum(map(hears_all, closing)) - sum(map(hears_all, ahead))

    # Clients

    def joined(self, connection: Connection, cursor: int, *, has_it: bool) -> None:
        """A client begins after an id; `has_it`: it says that it has everything up to there."""
        if cursor > connection.feed.head:
            self._ahead[connection] = None
        if not len(self):
            return
        self._add(TO, connection, cursor, self._last)
        if has_it:
            for after, upto in self._departed.take(connection, cursor):
                self._add(CONFIRMED, connection, after, upto)

    def sends_first(self, connection: Connection, page: Page) -> None:
        """It comes, and this has waited for its user."""
        self.waited.begin(connection, page)

    def leaves(self, connection: Connection) -> None:
        """An open client is closed, or gone: nothing of the log is sent to it any more."""
        self._ahead.pop(connection, None)
        skipped = self._skipped.pop(connection, ())
        if len(self):
            written = written_upto(connection)
            self._add(MISSED, connection, written, self._last)
            self._departed.add(connection, written, skipped)
        self.waited.leaves(connection)
        self._to_some.forget(connection)

    def skips(self, connection: Connection, upto: int) -> None:
        """A client is told of a gap, and goes on after an id."""
        if len(self):
            written = written_upto(connection)
            self._add(MISSED, connection, written, upto)
            self._skipped.setdefault(connection, []).append((written, upto))

    def changes(self, connection: Connection, cursor: int, wanted: frozenset[str]) -> None:
        """After an id, a client listens to something else; to be told before it does."""
        if self._to_some.all:
            self._to_some.change(connection, cursor, self._last, wanted)

    def confirmed(self, connection: Connection, before: int, upto: int) -> None:
        """A client that had confirmed everything up to one id has confirmed more."""
        to_all, to_some = self._to_all, self._to_some  # It is called for each client of a crowd.
        if not (to_all.count or to_some.all):
            return
        if not connection.is_open and not self._departed.confirm(connection, before, upto):
            return
        if hears_all(connection):
            to_all.add(CONFIRMED, before, upto, 1)
        if to_some.all:
            self.waited.confirmed(connection)
            to_some.add(CONFIRMED, connection, before, upto, 1)
        for start, end in self._skipped.get(connection, ()) if self._skipped else ():
            self._add(CONFIRMED, connection, max(before, start), min(upto, end), -1)

    def _add(
        self, kind: int, connection: Connection, after: int, upto: int, number: int = 1
    ) -> None:
        if after < upto:
            if hears_all(connection):
                self._to_all.add(kind, after, upto, number)
            if self._to_some.all:
                self._to_some.add(kind, connection, after, upto, number)

    # What is told

    def take(self, seconds: float, upto: int | None = None) -> list[Counted]:
        """What has changed, as it is now; it is taken to be told then.

        Only of messages up to an id, if there is one. Messages older than so many seconds are not
        counted any more after that.
        """
        found, self._cut = self._cut + self._changed(upto, is_cut=False), []
        while self._opened and self._opened[0][0] < self._clock() - seconds:
            self._forget_upto(self._opened.pop(0)[1])
        return found

    def due_upto(self, seconds: float) -> int:
        """The id of the last message that was opened so many seconds ago, or before; 0: none."""
        then = self._clock() - seconds
        return next((at for when, at in reversed(self._opened) if when <= then), 0)

    def unconfirmed(self, connection: Connection, upto: int) -> tuple[int | None, list[str]]:
        """What a client has not confirmed of the messages up to an id.

        The id of the first; None: nothing. And the ids of those that are for some only.
        """
        skipped = self._skipped.get(connection, ((0, 0),))
        after = max(connection.confirmed, skipped[-1][1])
        some = list(self._to_some.of(connection, after, upto))
        of_all = self._to_all.first(after, upto) if hears_all(connection) else 0
        firsts = [each for each in (of_all, *(receipt.at for receipt in some)) if each]
        return min(firsts, default=None), [receipt.name for receipt in some]

    def put_back(self, counted: Iterable[Counted]) -> None:
        """They were not told."""
        for each in counted:
            if each.is_cut:
                self._cut.append(each)
            else:
                self._to_all.put_back(each)
                self._to_some.put_back(each)

    def rewind(self) -> None:
        """The log was lost, or passed us over: nobody knows what clients have of it."""
        if len(self):
            self._done = self._last
            self._cut += self._changed(is_cut=True)
            self._forget_upto(self._last)
        self._opened.clear()
        self._skipped.clear()
        self._ahead.clear()
        self._departed, self._last, self._done = Departed(), 0, 0

    def _changed(self, upto: int | None = None, *, is_cut: bool) -> list[Counted]:
        upto = self._done if upto is None else min(upto, self._done)
        behind = [(each, written_upto(each)) for each in self._clients.behind] if len(self) else []
        stretches = [(after, self._last) for each, after in behind if hears_all(each)]
        found = self._to_all.take(stretches, upto, is_cut=is_cut)
        return found + self._to_some.take(behind, upto, self.waited.unwritten(), is_cut=is_cut)

    def _forget_upto(self, at: int) -> None:
        self._to_all.forget_upto(at)
        self._to_some.forget_upto(at)
        self.waited.forget_upto(at)
        if len(self):
            self._departed.forget_upto(at)
        else:
            self._departed = Departed()
