"""How the same bytes get into many sockets: copied into each, or lent to all of them.

What is long and for many is put into memory that the kernel sends from as it is (sendfile(2) of
a memfd). At 64 KiB that takes two thirds of the CPU time of send(2), which copies it for each
socket, and sockets that are read slowly hold the same memory.
"""

import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from operator import methodcaller

from ws_server.clients.connection import Connection

LENT_BYTES = 32 * 1024  # Less is copied as fast.
LENT_TIMES = 32  # For fewer sockets it is not worth making the memory.
# Chunks that were lent last, for those who fell behind in them: so many, of so many bytes.
KEPT, KEPT_BYTES = 32, 4 * 1024 * 1024
CAN_LEND = hasattr(os, "memfd_create")  # Linux only.

Put = Callable[[Connection], int]


class Memory:
    """A copy of bytes that can be lent; it goes when nobody has this, and no socket needs it.

    Raises:
        OSError: there is no memory, or no descriptor left.
    """

    __slots__ = ("_file", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._file = os.memfd_create("chunk")
        if os.write(self._file, data) < len(data):  # Beyond it, sendfile would take 0 for ever.
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
        self._bytes = 0

    def forget(self) -> None:
        """Keep nothing of it: nobody is behind."""
        self._lent.clear()
        self._bytes = 0

    def for_all(self, data: bytes, times: int, *, keep: bool = True) -> Put:
        """What puts `data` into the socket of a connection, for about so many of them.

        It answers how many bytes the socket took. BlockingIOError: none; OSError: the client is
        gone. `keep` it for those who fall behind, if they will be sent this very object.
        """
        is_lent = len(data) >= LENT_BYTES and times >= LENT_TIMES and CAN_LEND
        memory = (self._lent.get(id(data)) or _memory(data)) if is_lent else None
        if keep and memory is not None:
            self._keep(memory)
        if memory is None:
            return methodcaller("put", data)
        lend, end = memory.lend, len(data)
        return lambda connection: lend(connection, 0, end)

    def put_part(self, connection: Connection, data: bytes, start: int, end: int) -> int:
        """How many of these bytes of `data` its socket took, 0 if it is full.

        OSError: the client is gone.
        """
        memory = self._lent.get(id(data)) if end - start >= LENT_BYTES else None
        if memory is None:
            return connection.write(memoryview(data)[start:end])
        try:
            return memory.lend(connection, start, end)
        except BlockingIOError:
            return 0

    def _keep(self, memory: Memory) -> None:
        if id(memory.data) in self._lent:
            return
        self._lent[id(memory.data)] = memory
        self._bytes += len(memory.data)
        while len(self._lent) > KEPT or self._bytes > KEPT_BYTES:
            _, oldest = self._lent.popitem(last=False)
            self._bytes -= len(oldest.data)


def _memory(data: bytes) -> Memory | None:
    with suppress(OSError):
        return Memory(data)
    return None  # It is copied, then.
