"""Lending bytes to many sockets: the same memory for all of them, instead of a copy for each.

Long bytes for many clients are put into memory from which the kernel sends without a copy
(sendfile(2) from a memfd). At 64 KiB that takes two thirds of the CPU time of send(2), which makes
a copy for each socket. Sockets that are read slowly share the memory, too.
"""

import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from ws_server.clients.connection import Connection

LENT_BYTES = 32 * 1024  # Less is copied as fast.
# Of what was lent last, so many are kept, and so many bytes, for those who fell behind in it.
KEPT, KEPT_BYTES = 32, 4 * 1024 * 1024
CAN_LEND = hasattr(os, "memfd_create")  # Linux only.

# How many bytes a socket took. BlockingIOError: none; OSError: the client is gone.
Put = Callable[[Connection], int]


class Loan:
    """Bytes in memory that can be lent. It is freed when nobody has this, and no socket needs it.

    Raises:
        OSError: there is no memory, or no descriptor left.
    """

    __slots__ = ("data", "file")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.file = os.memfd_create("chunk")
        if os.write(self.file, data) < len(data):  # Or sendfile would answer 0 for ever.
            raise OSError("no memory left")

    def __del__(self) -> None:
        if hasattr(self, "file"):
            os.close(self.file)


class Lender:
    """Makes loans, and keeps the last ones."""

    def __init__(self) -> None:
        self._loans: OrderedDict[int, Loan] = OrderedDict()  # By the identity of the data.
        self._bytes = 0

    def give_back(self) -> None:
        """Keep nothing: nobody is behind."""
        self._loans.clear()
        self._bytes = 0

    def lend(self, data: bytes, *, keep: bool = True) -> Put | None:
        """What puts `data` into the socket of any connection.

        None: the system cannot lend it. `keep` it for those who fall behind, if this very object is
        what they will be sent.
        """
        loan = self._loans.get(id(data)) or _loan_of(data)
        if loan is None:
            return None
        if keep:
            self._keep(loan)
        end = len(data)
        return lambda connection: connection.put_lent(loan, 0, end)

    def put_part(self, connection: Connection, data: bytes, start: int, end: int) -> int:
        """How many of these bytes of `data` its socket took, 0 if it is full.

        OSError: the client is gone.
        """
        loan = self._loans.get(id(data)) if end - start >= LENT_BYTES else None
        if loan is None:
            return connection.write(memoryview(data)[start:end])
        try:
            return connection.put_lent(loan, start, end)
        except BlockingIOError:
            return 0

    def _keep(self, loan: Loan) -> None:
        if id(loan.data) in self._loans:
            return
        self._loans[id(loan.data)] = loan
        self._bytes += len(loan.data)
        while len(self._loans) > KEPT or self._bytes > KEPT_BYTES:
            _, oldest = self._loans.popitem(last=False)
            self._bytes -= len(oldest.data)


def _loan_of(data: bytes) -> Loan | None:
    if CAN_LEND:
        with suppress(OSError):
            return Loan(data)
    return None
