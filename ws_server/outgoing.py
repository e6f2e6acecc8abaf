"""How the same bytes get into many sockets: copied into each, or lent to all of them.

What is long and for many is put into memory that the kernel sends from as it is (sendfile(2) of
a memfd). At 64 KiB that takes two thirds of the CPU time of send(2), which copies it for each
socket, and sockets that are read slowly hold the same memory.
"""

import os
from collections import OrderedDict
from collections.abc import Callable
from operator import methodcaller

from ws_server.connection import Connection

LENT_BYTES = 32 * 1024  # Less is copied as fast.
LENT_TIMES = 32  # For fewer sockets it is not worth making the memory.
KEPT = 32  # Chunks that were lent last, for those who fell behind in them.

Put = Callable[[Connection], int]


class Memory:
    """A copy of bytes that can be lent; it goes when nobody has this, and no socket needs it."""

    __slots__ = ("_file", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._file = os.memfd_create("chunk")
        if os.write(self._file, data) < len(data):
            raise OSError("no memory left")

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def lend(self, connection: Connection, start: int, end: int) -> int:
        """How many of these bytes its socket took; errors as of `Outgoing.for_all`."""
        try:
            return os.sendfile(connection.fd, self._file, start, end - start)
        except BlockingIOError:
            raise
        except OSError:  # The client is gone, which this says, too; or sendfile cannot do it here.
            return connection.put(memoryview(self.data)[start:end])


class Outgoing:
    """Gets bytes into sockets, and knows what was lent last."""

    def __init__(self) -> None:
        self._lent: OrderedDict[int, Memory] = OrderedDict()  # By the identity of its data.

    def forget(self) -> None:
        """Keep nothing of it: nobody is behind."""
        self._lent.clear()

    def for_all(self, data: bytes, times: int) -> Put:
        """What puts `data` into the socket of a connection, for about so many of them.

        It answers how many bytes the socket took. BlockingIOError: none; OSError: the client is
        gone.
        """
        is_lent = len(data) >= LENT_BYTES and times >= LENT_TIMES
        memory = (self._lent.get(id(data)) or self._make(data)) if is_lent else None
        if memory is None:
            return methodcaller("put", data)
        lend, end = memory.lend, len(data)
        return lambda connection: lend(connection, 0, end)

    def put_part(self, connection: Connection, data: bytes, start: int, end: int) -> int:
        """How many of these bytes of `data` its socket took, 0 if it is full; else OSError."""
        memory = self._lent.get(id(data)) if end - start >= LENT_BYTES else None
        if memory is None:
            return connection.write(memoryview(data)[start:end])
        try:
            return memory.lend(connection, start, end)
        except BlockingIOError:
            return 0

    def _make(self, data: bytes) -> Memory | None:
        try:
            memory = Memory(data)
        except (AttributeError, OSError):
            return None  # Linux only; or no memory, or no descriptor is left.
        self._lent[id(data)] = memory
        if len(self._lent) > KEPT:
            self._lent.popitem(last=False)
        return memory
