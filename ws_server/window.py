"""Chunks: pieces of the log, encoded once; and the window of the recent ones.

A chunk covers the messages after one id up to another. The window holds the
newest chunks, bounded in bytes, so that clients a little behind catch up without
Redis. It holds nothing for any single client. No I/O here.
"""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """The frames of all messages after `after`, up to and with `upto` (log ids)."""

    after: int
    upto: int
    data: bytes


class Window:
    """Consecutive chunks that end at the head of the log, at most `max_bytes` of them."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._chunks: OrderedDict[int, Chunk] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._chunks)

    def add(self, chunk: Chunk) -> None:
        """Append the chunk that follows the last; forget the oldest beyond the bound."""
        self._chunks[chunk.after] = chunk
        self._bytes += len(chunk.data)
        while self._bytes > self._max_bytes and len(self._chunks) > 1:
            _, oldest = self._chunks.popitem(last=False)
            self._bytes -= len(oldest.data)

    def after(self, cursor: int) -> Chunk | None:
        """The chunk that starts right after `cursor`, if it is held."""
        return self._chunks.get(cursor)

    def next_start(self, cursor: int, head: int) -> int:
        """The first id after `cursor` at which a held chunk starts; `head` if there is none.

        Whoever reads up to there from Redis goes on from memory.
        """
        return next((start for start in self._chunks if start > cursor), head)
