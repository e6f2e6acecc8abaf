"""`python -m chaos.proxy`: TCP links that can be cut and frozen.

They lie between servers and Redis, and between readers and servers. It changes no
byte and understands none. Orders come as lines to its own port:
`cut LINK SEED`, `freeze LINK`, `thaw LINK`.
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

PIECE = 16 * 1024  # Bytes forwarded at once.
RECEIVE_BUFFER = 32 * 1024  # Small, so that a frozen link makes its sender wait.
CUT_PATIENCE = 0.2  # Seconds that a cut waits for something to cut through.
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: the end is a reset.


class Pair:
    """One connection through a link."""

    def __init__(self, link: "Link", ends: list[asyncio.StreamWriter]) -> None:
        self._link = link
        self._ends = ends
        self._is_doomed = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one direction until it ends or is cut."""
        while piece := await reader.read(PIECE):
            await self._link.flowing.wait()
            if self._is_doomed:
                writer.write(piece[: len(piece) // 2])
                self.end()
                return
            writer.write(piece)
            await writer.drain()
        await self._link.flowing.wait()
        with suppress(OSError):
            writer.write_eof()

    def doom(self) -> None:
        """Cut it through the middle of what comes next."""
        self._is_doomed = True
        asyncio.get_running_loop().call_later(CUT_PATIENCE, self.end, True)

    def end(self, with_reset: bool = False) -> None:
        for writer in self._ends:
            if with_reset:
                end = writer.get_extra_info("socket")
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                writer.transport.abort()
            writer.close()


class Link:
    """Listens at one port and leads to another."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: set[Pair] = set()
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        ends = [writer]
        pair = Pair(self, ends)
        self._pairs.add(pair)
        try:
            await self.flowing.wait()
            there, back = await asyncio.open_connection(sock=await _connected(self._target))
            ends.append(back)
            await asyncio.gather(pair.carry(reader, back), pair.carry(there, writer))
        except OSError:
            pass  # Either side has ended it, or nobody listens there now.
        finally:
            pair.end()
            self._pairs.discard(pair)

    def cut(self, seed: int) -> None:
        """End about half of the connections."""
        pairs = list(self._pairs)
        for pair in Random(seed).sample(pairs, (len(pairs) + 1) // 2):
            pair.doom()


async def _connected(port: int) -> socket.socket:
    end = socket.socket()
    end.setblocking(False)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    try:
        await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", port))
    except BaseException:
        end.close()
        raise
    return end


def _obey(links: dict[str, Link], order: str) -> None:
    name, link, *rest = order.split()
    if name == "cut":
        links[link].cut(int(rest[0]))
    elif name == "freeze":
        links[link].flowing.clear()
    elif name == "thaw":
        links[link].flowing.set()


async def serve(port: int, routes: list[tuple[str, int, int]]) -> None:
    """Serve for ever: orders at `port`, and each link (a name, its port and its target)."""
    links = {name: Link(target) for name, _, target in routes}

    async def take_orders(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            _obey(links, line.decode())
            writer.write(b"done\n")
        writer.close()

    listening = [_listen(links[name].take, at) for name, at, _ in routes]
    await asyncio.gather(*listening, _listen(take_orders, port))


async def _listen(
    take: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], port: int
) -> None:
    server = await asyncio.start_server(take, "127.0.0.1", port)
    await server.serve_forever()


def main(arguments: list[str]) -> None:
    """The port of the orders, then NAME:PORT:TARGET for each link."""
    port, *words = arguments
    parts = [word.split(":") for word in words]
    asyncio.run(serve(int(port), [(name, int(at), int(to)) for name, at, to in parts]))


if __name__ == "__main__":
    main(sys.argv[1:])
