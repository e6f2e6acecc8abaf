"""TLS before a Redis that has none: the Valkey of the wheel is built without."""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from tests.support.certificate import Certificate


@contextmanager
def tls_proxy(port: int, certificate: Certificate) -> Iterator[int]:
    """The port of `localhost` at which that of a server on this machine speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path, certificate.key_path)
    loop = asyncio.new_event_loop()

    async def serve(near: StreamReader, answer: StreamWriter) -> None:
        far, ask = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_forward(near, ask), _forward(far, answer), return_exceptions=True)

    thread = Thread(target=loop.run_forever)
    thread.start()
    starting = asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_end_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _forward(source: StreamReader, target: StreamWriter) -> None:
    try:
        while data := await source.read(1 << 20):
            target.write(data)
            await target.drain()
    finally:
        target.close()
        with suppress(OSError):
            await target.wait_closed()


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
