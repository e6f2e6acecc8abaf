"""Which commands carry a number of pushes, as bytes, and what a push is told of an answer.

Rules only: no connection, no clock. Pushes without ids that follow each other share one LPUSH; a
push with an id has a run of `push_once.lua` of its own. The order of the pushes is kept.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b, sha1

from common.errors import QueueUnavailable
from common.message import Tracked
from common.refused import Refused
from common.store.keys import Keys
from common.store.redis_errors import Failure
from common.store.script import source

KIB = 1024
COMMAND_ITEMS = 1000  # Of one LPUSH that several pushes share.
COMMAND_BYTES = 256 * KIB
SCRIPT = source("push_once.lua")
RECEIPT = b"r"  # After the hash of an item whose receipt is asked for.

# None: all is queued. A number: the place of the first item whose id stands for another.
Result = int | Exception | None
Done = Callable[[Result], None]


def once_words(
    keys: Keys, items: Sequence[bytes], ids: Sequence[str | None], seconds: int
) -> tuple[list[bytes], list[bytes]]:
    """With which keys and arguments `push_once.lua` is run."""
    queue = keys.queue.encode()
    names = [queue, *[keys.once(id_).encode() if id_ else queue for id_ in ids]]
    words = [b"%d" % seconds]
    for item, id_ in zip(items, ids, strict=True):
        hash_ = blake2b(item, digest_size=16).digest()
        words += (item, hash_ + RECEIPT if type(id_) is Tracked else hash_)
    return names, words


class Push:
    """Items that are queued together. `done` is told once what came of them."""

    __slots__ = (
        "arrived",
        "count",
        "data",
        "done",
        "has_ids",
        "is_answered",
        "is_repeatable",
        "is_second_try",
        "size",
    )

    def __init__(self, data: bytes, count: int, done: Done, arrived: float) -> None:
        """`data` are the words of its command that are its own; `count` is that of its items."""
        self.data = data
        self.size = len(data)
        self.count = count
        self.done = done
        self.arrived = arrived
        self.has_ids = self.is_repeatable = False  # Repeatable: every item has an id.
        self.is_answered = self.is_second_try = False

    def result(self, answer: int | Failure | Refused) -> Result:
        """What it is told: it has an exception of its own, as somebody may raise it."""
        if isinstance(answer, int):
            return answer - 1 if self.has_ids and answer else None
        return QueueUnavailable(answer.reason) if isinstance(answer, Failure) else answer


class PushCommands:
    """The commands of one queue."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._lpush = b"$5\r\nLPUSH\r\n" + _packed([keys.queue.encode()])
        text = SCRIPT.encode()
        sha = sha1(text, usedforsecurity=False).hexdigest().encode()
        self._by_name = b"$7\r\nEVALSHA\r\n" + _packed([sha])
        self._by_text = b"$4\r\nEVAL\r\n" + _packed([text])
        self.is_script_known = False  # To the server, so that its name will do.

    def push(
        self,
        items: Sequence[bytes],
        ids: Sequence[str | None],
        seconds: int,
        done: Done,
        arrived: float,
    ) -> Push:
        """A push, packed: what cannot be packed fails here, and alone."""
        if len(items) == 1 and not ids[0]:  # As nearly all are.
            data = b"$%d\r\n%b\r\n" % (len(items[0]), items[0])
            return Push(data, 1, done, arrived)
        if not any(ids):
            return Push(_packed(items), len(items), done, arrived)
        names, words = once_words(self._keys, items, ids, seconds)
        push = Push(_packed([b"%d" % len(names), *names, *words]), len(items), done, arrived)
        push.has_ids, push.is_repeatable = True, all(ids)
        return push

    def pack(self, pushes: Sequence[Push]) -> tuple[bytes, list[Sequence[Push]]]:
        """The commands for `pushes`, to be sent at once, and whom each of them carries."""
        if len(pushes) == 1:
            return self._command(pushes), [pushes]
        runs = list(_runs(pushes))
        return b"".join(map(self._command, runs)), runs

    def _command(self, run: Sequence[Push]) -> bytes:
        first = run[0]
        if not first.has_ids and len(run) == 1:
            return b"*%d\r\n%b%b" % (2 + first.count, self._lpush, first.data)
        if not first.has_ids:
            count = sum([push.count for push in run])
            head = b"*%d\r\n" % (2 + count)
            return b"".join([head, self._lpush, *[push.data for push in run]])
        how = self._by_name if self.is_script_known else self._by_text
        self.is_script_known = True
        # Command, script, number of keys; queue and keys; seconds; items and their hashes.
        return b"*%d\r\n%b%b" % (5 + 3 * first.count, how, first.data)


def _packed(words: Sequence[bytes]) -> bytes:
    """Words of a command, as Redis reads them."""
    return b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])


def _runs(pushes: Sequence[Push]) -> Iterator[Sequence[Push]]:
    """Pushes that one command carries, in order."""
    run: list[Push] = []
    items = size = 0
    for push in pushes:
        items += push.count
        size += push.size
        is_over = items > COMMAND_ITEMS or size > COMMAND_BYTES
        if run and (push.has_ids or run[0].has_ids or is_over):
            yield run
            run, items, size = [], push.count, push.size
        run.append(push)
    yield run
