"""The package `websockets`: `broadcast()` on asyncio, with the least HTTP server for the pushes.

Run with two ports: the WebSocket's and the pushes'.
"""

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def main(port: int, push_port: int) -> None:
    """Serve until killed."""
    connections: set[ServerConnection] = set()

    async def listen(ws: ServerConnection) -> None:
        connections.add(ws)
        try:
            await ws.wait_closed()
        finally:
            connections.discard(ws)

    async def push(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while text := await read_body(reader):
            broadcast(connections, text)
            writer.write(ANSWER)
        writer.close()

    await asyncio.start_server(push, "127.0.0.1", push_port)
    async with serve(listen, "127.0.0.1", port, compression=None, backlog=4096) as server:
        await server.serve_forever()


async def read_body(reader: asyncio.StreamReader) -> str:
    """The body of the next request; empty at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""
    _, _, length = head.lower().partition(b"content-length:")
    return (await reader.readexactly(int(length.split()[0]))).decode()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
