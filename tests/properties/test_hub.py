"""Any mixture of publishes, slow sockets, resumes, gaps and outages, against one rule.

Each client gets every message that is for it from its beginning on, in order and once, or is
told where some are missing; what is for others it never gets. Relay, hub, catch-up and
receiver are real; the log is in memory.
"""

import json
from typing import Any

import gevent
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from common.channels import reaches
from common.errors import QueueUnavailable
from common.message import Mark, parse_id
from tests.support.parts import SMALL, Parts, Peer, Peers, let_others_run
from tests.support.reading import begun_frames_of, events_of
from tests.support.websocket import BINARY, CLOSE, PING
from ws_server.clients import catch_up, fan_out
from ws_server.clients.beginning import Beginning
from ws_server.clients.connection import Connection, State
from ws_server.door.listen import Listen
from ws_server.log.chunk import KEPT_REST
from ws_server.relay import loss
from ws_server.relay.relay import Relay
from ws_server.wire.close_codes import GAP, CloseCode

RECIPIENTS: tuple[tuple[str, ...], ...] = ((), ("a",), ("b.c",), ("a", "b.c"), ("user:1",))
GOODBYE = 4321  # The code of a close that a test asks for.
TURNS = 3000  # Of the event loop without anything read, in which all must have come to rest.

sizes = st.sampled_from([8, 8, 300, KEPT_REST, 10 * KEPT_REST])
counts = st.sampled_from([1, 2, 30, 600])
picks = st.integers(0, 1000)
listening = st.sampled_from([(), (), ("a",), ("b.*",), ("a", "b.*"), ("user:1",)]).map(frozenset)
buts = st.none() | picks
to_whom = st.sampled_from(["everybody", "everybody", "one", "mixed"])


class Client:
    """One client, what it has read, and what it must read next."""

    def __init__(
        self,
        connection: Connection,
        peer: Peer,
        beginning: Beginning,
        first: int | None,
        lost: set[int],
    ) -> None:
        self.connection = connection
        self.codes = {GAP.code, GOODBYE} if beginning.refused is None else {beginning.refused.code}
        self.lost = lost  # What Redis had lost before it came: nobody owes it that.
        self.socket = peer.socket
        self.socket.settimeout(0)
        # None: after a gap, or where the log says.
        self.expected = None if beginning.missing else first
        # From which number on, and since which epoch, it listens to what.
        self.listens: list[tuple[int, int, frozenset[str]]] = [(0, 0, connection.channels)]
        self.posted: list[str] = []
        self.stream = bytearray()
        self.has_left = self.has_ended = False

    def channels_at(self, number: int, last: int) -> frozenset[str]:
        """What it listens to when a message comes, which is in the log up to the epoch `last`."""
        return next(
            names
            for start, epoch, names in reversed(self.listens)
            if start <= number and epoch <= last
        )

    def read(self, size: int) -> bool:
        """Read so much, if it is there; whether anything was."""
        if self.has_left or self.has_ended:
            return False
        try:
            data = self.socket.recv(size)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        self.stream += data
        self.has_ended = not data
        return True

    def said(self) -> tuple[list[tuple[str, Any]], bool]:
        """What it was told, as (kind, value), and whether the end is cut off."""
        form = self.connection.feed.format
        if not form.is_websocket:
            return events_said(bytes(self.stream)), not self.stream.endswith(b"\n\n")
        frames, rest = begun_frames_of(bytes(self.stream))
        return [frame_said(*frame) for frame in frames], rest != b""


def frame_said(opcode: int, payload: bytes) -> tuple[str, Any]:
    if opcode == CLOSE:
        return "close", int.from_bytes(payload[:2])
    if opcode in (BINARY, PING):
        return ("post", payload.decode()) if opcode == BINARY else ("ping", None)
    if not payload.startswith(b"{"):
        return "message", (payload.decode(), None)
    row = json.loads(payload)
    return row.get("type", "message"), (row.get("content"), row["id"])


def events_said(stream: bytes) -> list[tuple[str, Any]]:
    found = list[tuple[str, Any]]()
    for event in events_of(stream):
        text, id_ = event.data, event.last_id
        if event.data.startswith("{"):
            row = json.loads(event.data)
            text, id_ = row.get("content", ""), row["id"]
        if text.startswith("post"):
            found.append(("post", text))
        else:
            found.append((event.name, (text, id_)))
    return found


class Server(RuleBasedStateMachine):
    """The server, its clients, and the numbers of the messages."""

    def __init__(self) -> None:
        super().__init__()
        self.peers = Peers()
        self.parts = Parts(self.peers, window_bytes=60_000)
        self.log, self.hub = self.parts.log, self.parts.hub
        self.relay = Relay(self.log, self.hub)
        self.receiver = self.parts.receiver()
        self.ids: list[str] = []  # Of each message: the log's id.
        self.names: list[tuple[str, ...]] = []  # And its recipients.
        self.excepts: list[str] = []  # And the id of the connection that is not to get it.
        self.lives: list[list[int]] = []  # And the epochs in which it is there: a first and a last.
        self.read = 0  # How many of them this process has read.
        self.kept: list[tuple[int, int]] = []  # Number and id of those that the log has.
        self.lost: set[int] = set()  # The numbers of those that the log does not have any more.
        self.clients: list[Client] = []
        self.failures: list[object] = []
        self.pauses = (catch_up.REDIS_PAUSE, loss.PAUSE)
        catch_up.REDIS_PAUSE, loss.PAUSE = 0.001, 0.001
        self.times, fan_out.LENT_TIMES = fan_out.LENT_TIMES, 1  # What is long is lent.
        setattr(gevent.get_hub(), "handle_error", self._note_failure)  # noqa: B010  # For mypy.
        self.relay.find_head()
        self.catching_up = gevent.spawn(self.hub.sender.catch_up.run)

    def _note_failure(self, context: object, kind: Any, problem: object, _trace: object) -> None:
        if kind is not gevent.GreenletExit:
            self.failures.append((context, problem))

    # What happens

    @rule(count=counts, size=sizes, to=to_whom, but=buts)
    def push(self, count: int, size: int, to: str, but: int | None) -> None:
        self._write(count, size, to, but)
        self._tick()

    @rule(count=counts, size=sizes, to=to_whom, but=buts)
    def another_process_settles(self, count: int, size: int, to: str, but: int | None) -> None:
        self._write(count, size, to, but)

    @rule(json_=st.booleans(), events=st.booleans(), slow=st.booleans(), wanted=listening)
    def connect(self, json_: bool, events: bool, slow: bool, wanted: frozenset[str]) -> None:
        form = "json" if json_ else "text"
        self._join(Listen(form, events, channels=wanted), slow, self.read)

    @precondition(lambda self: self.clients)
    @rule(pick=picks, wanted=listening)
    def subscribe(self, pick: int, wanted: frozenset[str]) -> None:
        client = self._pick(pick)

        def change() -> None:
            if client.connection.is_open:
                at = self.hub.subscribe(client.connection, wanted)
                client.listens.append((self._first_after(at), len(at.epoch), wanted))

        self.hub.sender.between_frames(client.connection, change)

    @rule(
        json_=st.booleans(), events=st.booleans(), slow=st.booleans(), back=picks, wanted=listening
    )
    def resume(
        self, json_: bool, events: bool, slow: bool, back: int, wanted: frozenset[str]
    ) -> None:
        """After a message of this process, or of another that has read more."""
        if not self.ids:
            return
        number = len(self.ids) - 1 - back % len(self.ids)
        epoch = self.hub.mark.epoch if number < self.read else self.log.epoch
        last_id = f"{epoch}-{self.ids[number]}"
        first = number + 1 if self._is_kept(number) else None
        listen = Listen("json" if json_ else "text", events, last_id, channels=wanted)
        self._join(listen, slow, first)

    @rule(slow=st.booleans(), last=st.sampled_from([1, 50, 700]), wanted=listening)
    def connect_with_the_last(self, slow: bool, last: int, wanted: frozenset[str]) -> None:
        self._join(Listen("json", last=last, channels=wanted), slow, None)

    @rule(slow=st.booleans())
    def resume_in_an_old_epoch(self, slow: bool) -> None:
        self._join(Listen("json", last_id="old-1-0"), slow, None)

    @precondition(lambda self: self.clients)
    @rule(pick=picks, size=st.sampled_from([1, 700, 20_000, 1 << 20]))
    def read_some(self, pick: int, size: int) -> None:
        self._pick(pick).read(size)

    @precondition(lambda self: self.clients)
    @rule(pick=picks)
    def leave(self, pick: int) -> None:
        client = self._pick(pick)
        client.socket.close()
        client.has_left = True

    @precondition(lambda self: self.clients)
    @rule(pick=picks, size=sizes)
    def post(self, pick: int, size: int) -> None:
        client = self._pick(pick)
        if client.connection.is_open:
            text = f"post {len(client.posted)} ".ljust(size, "p")
            client.posted.append(text)
            client.connection.send(text.encode())

    @precondition(lambda self: self.clients)
    @rule(pick=picks)
    def ping(self, pick: int) -> None:
        self.hub.sender.ping(self._pick(pick).connection)

    @precondition(lambda self: self.clients)
    @rule(pick=picks)
    def close(self, pick: int) -> None:
        self.hub.sender.close(self._pick(pick).connection, CloseCode(GOODBYE))

    @rule()
    def turn(self) -> None:
        let_others_run()

    @rule()
    def tick(self) -> None:
        self._tick()

    @rule(pick=picks)
    def the_log_forgets(self, pick: int) -> None:
        if self.kept:
            _, self.log.forgotten = self.kept[pick % len(self.kept)]

    @rule(pick=picks)
    def redis_loses_messages(self, pick: int) -> None:
        """But none that this process has not read: nobody could know of them."""
        self._tick()
        if self.read == len(self.ids) and self.kept and self.log.fault is None:
            keep = pick % len(self.kept)
            self.log.lose(keep)
            self.lost.update(number for number, _ in self.kept[keep:])
            for number, _ in self.kept[keep:]:
                self.lives[number][1] = len(self.log.epoch) - 1
            del self.kept[keep:]
            self.log.forgotten = min(self.log.forgotten, self.log.last_id())

    @rule(is_away=st.booleans())
    def redis_comes_or_goes(self, is_away: bool) -> None:
        self.log.fault = QueueUnavailable("away") if is_away else None

    @rule(is_slow=st.booleans())
    def redis_answers_late_or_at_once(self, is_slow: bool) -> None:
        if is_slow:
            self.log.gate.clear()
        else:
            self.log.gate.set()

    # What must be true at any time

    @invariant()
    def every_client_is_where_its_state_says(self) -> None:
        clients = self.hub.clients
        by_state: dict[State, set[Connection]] = {state: set() for state in State}
        for client in self.clients:
            connection = client.connection
            by_state[connection.state].add(connection)
            if connection.state is not State.CLOSING:
                assert (connection.owed is None) == (connection.state is not State.BEHIND)
        assert clients.behind == by_state[State.BEHIND]
        assert clients.closing.keys() == by_state[State.CLOSING]
        assert set(clients.all).isdisjoint(by_state[State.GONE])
        assert len(clients.all) == len(self.clients) - len(by_state[State.GONE])

    # What must be true in the end

    def teardown(self) -> None:
        try:
            self._come_to_rest()
            assert self.failures == []
            assert not self.catching_up.dead
            for client in self.clients:
                self._check(client)
            self.parts.close()
            assert len(self.parts.gone) == len(self.clients)
        finally:
            self.catching_up.kill()
            self.parts.close()
            self.peers.close()
            catch_up.REDIS_PAUSE, loss.PAUSE = self.pauses
            fan_out.LENT_TIMES = self.times
            del gevent.get_hub().handle_error

    def _come_to_rest(self) -> None:
        self.log.fault = None
        self.log.gate.set()
        idle = 0
        while idle < TURNS:
            self._tick()
            let_others_run()
            has_read = [client.read(1 << 20) for client in self.clients]
            if any(has_read):
                idle = 0
            elif not any(client.connection.owed for client in self.clients):
                return
            else:
                idle += 1
                gevent.sleep(0.001)  # For those who wait for Redis to come back.
        raise AssertionError(f"still behind or closing: {vars(self.hub.clients)}")

    def _check(self, client: Client) -> None:
        said, is_cut = client.said()
        posts, expected, is_closed = list[str](), client.expected, False
        for kind, value in said:
            assert not is_closed, "something follows a close"
            if kind == "message":
                expected = self._check_message(client, expected, *value)
            elif kind == "gap":
                expected = self._after_gap(client, value[1])
            elif kind == "close":
                assert value in client.codes
                is_closed = True
            elif kind == "post":
                posts.append(value)
        assert posts == client.posted[: len(posts)]
        if client.has_left or client.has_ended or is_closed:
            return
        assert not is_cut
        assert posts == client.posted
        assert self._next(client, expected) in (None, len(self.ids))

    def _after_gap(self, client: Client, id_: str) -> int:
        """The number with which it goes on that has been told of a gap up to an id."""
        at = Mark.parse(id_)
        assert at is not None
        lost = [number for number, (_, last) in enumerate(self.lives) if last < len(at.epoch)]
        client.lost.update(lost)
        return self._first_after(at)

    def _check_message(
        self, client: Client, expected: int | None, text: str, id_: str | None
    ) -> int:
        number = int(text.partition(" ")[0])
        assert self._is_for(client, number), f"message {number} is for others"
        owed = self._next(client, expected)
        # What Redis has lost nobody owes it, but this process may still have it in memory.
        assert expected is None or owed is None or expected <= number <= owed, (
            f"message {number} instead of {owed}"
        )
        assert id_ is None or id_.partition("-")[2] == self.ids[number]
        return number + 1

    def _next(self, client: Client, expected: int | None) -> int | None:
        """The first from `expected` on that this client is owed."""
        while expected is not None and expected < len(self.ids):
            if expected not in client.lost and self._is_for(client, expected):
                break
            expected += 1
        return expected

    def _is_for(self, client: Client, number: int) -> bool:
        names, (_, last) = self.names[number], self.lives[number]
        wanted = client.channels_at(number, last)
        if self.excepts[number] == client.connection.id:
            return False
        return not names or any(reaches(name, wanted) for name in names)

    def _first_after(self, at: Mark) -> int:
        """The number of the first message after a place in the log of some epoch."""
        epoch = len(at.epoch)
        before = [
            number
            for number, (first, last) in enumerate(self.lives)
            if first <= epoch <= last and parse_id(self.ids[number].encode()) <= at.id
        ]
        return max(before, default=-1) + 1

    # How

    def _write(self, count: int, size: int, to: str, but: int | None) -> None:
        """Every second message is not for one of the clients, if `but` picks one."""
        if self.log.fault is not None:
            return
        ids = ["" if but is None or not self.clients else self._pick(but).connection.id, ""]
        first = len(self.ids)
        contents = [b"%d " % number for number in range(first, first + count)]
        some = {"everybody": RECIPIENTS[:1], "one": RECIPIENTS[1:2], "mixed": RECIPIENTS}[to]
        names = [some[number % len(some)] for number in range(first, first + count)]
        excepts = [ids[number % 2] for number in range(first, first + count)]
        page = self.log.write(
            *[content.ljust(size, b"x") for content in contents],
            recipients=names,
            excepts=[id_.encode() for id_ in excepts],
        )
        self.names += names
        self.excepts += excepts
        for at, id_ in enumerate(page.ids):
            self.lives.append([len(self.log.epoch), 1 << 30])
            self.ids.append(id_.decode())
            self.kept.append((first + at, int(id_.split(b"-")[0]) << 64))

    def _tick(self) -> None:
        self.relay.tick()
        if self.log.fault is None:
            self.read = len(self.ids)

    def _is_kept(self, number: int) -> bool:
        return any(number == kept for kept, _ in self.kept)

    def _join(self, listen: Listen, slow: bool, first: int | None) -> None:
        beginning = self.relay.beginnings.find(listen)
        fd, peer = self.peers.make(SMALL if slow else None)
        connection = self.hub.join(fd, self.receiver.read, listen, beginning)
        self.clients.append(Client(connection, peer, beginning, first, set(self.lost)))

    def _pick(self, pick: int) -> Client:
        return self.clients[pick % len(self.clients)]


Server.TestCase.settings = settings(stateful_step_count=30)
TestServer = Server.TestCase
