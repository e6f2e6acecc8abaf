"""`python -m chaos.reader NAME FOLDER PORT...`: reads in all formats, and writes it down.

Each connection goes on with the next server when it is lost, after the last id in
its ledger if the format has ids; so does the next process of the same name.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from random import Random

from chaos.ledger import Ledger, newest_first
from chaos.records import Broken, Gap, Lost, Opened, Read, Record, Welcome
from chaos.socketio import SocketIO
from chaos.wire import Decoder, Events, WebSocket

# Two ways to ask for the same where there are two.
DECODERS: dict[str, Callable[[], Decoder]] = {
    "ws-text.1": lambda: WebSocket(is_json=False),
    "ws-text.2": lambda: WebSocket(is_json=False),
    "ws-json.1": lambda: WebSocket(is_json=True),
    "ws-json.2": lambda: WebSocket(is_json=True, as_protocol=True),
    "sse-text.1": lambda: Events(is_json=False),
    "sse-text.2": lambda: Events(is_json=False, as_header=False),
    "sse-json.1": lambda: Events(is_json=True),
    "sse-json.2": lambda: Events(is_json=True, as_header=False),
    "socketio": SocketIO,
}
WITHOUT_IDS = "ws-text"
PATIENCE = 12.0  # Seconds without a byte, not even a ping, before it tries another server.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.6  # Seconds before it connects again.
PIECE = 64 * 1024


class Reader:
    """One client, over as many connections as it takes."""

    patience = PATIENCE
    pauses = (SHORTEST_PAUSE, LONGEST_PAUSE)

    def __init__(
        self, path: Path, decoder: Callable[[], Decoder], ports: list[int], piece: int = PIECE
    ) -> None:
        self._piece = piece
        self._decoder = decoder
        self._ledger = Ledger(path)
        self._random = Random(path.name)
        self._ports = cycle(self._random.sample(ports, len(ports)))
        ids = (each.id for each in newest_first(path) if isinstance(each, Read | Welcome | Gap))
        self._last_id = next(ids, "")

    async def run(self) -> None:
        """Read until it is done."""
        while True:
            port = next(self._ports)
            self._note([Opened(port, self._last_id)])
            try:
                await self._follow(port, self._decoder())
            except (OSError, TimeoutError) as problem:
                self._note([Lost(type(problem).__name__)])
            if self._is_done():
                return
            await asyncio.sleep(self._random.uniform(*self.pauses))

    def _is_done(self) -> bool:
        """Whether it has read enough."""
        return False

    def _note(self, records: list[Record]) -> None:
        """Write them down."""
        self._ledger.add(records)

    async def _follow(self, port: int, decoder: Decoder) -> None:
        async with asyncio.timeout(self.patience):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(decoder.request(port, self._last_id))
            while await self._take(reader, writer, decoder):
                pass
        finally:
            writer.close()

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, decoder: Decoder
    ) -> bool:
        """Write down one piece of the stream; whether it goes on."""
        async with asyncio.timeout(self.patience):  # Unlike wait_for, it swallows no cancellation.
            data = await reader.read(self._piece)
        ended: list[Record] = [Lost("end of stream")]
        records = list(decoder.receive(data)) if data else ended
        self._note(records)
        for record in records:
            # As a browser has it: welcome and gap have ids to go on after, too.
            if isinstance(record, Read | Welcome | Gap):
                self._last_id = record.id
        if answer := decoder.answer():
            writer.write(answer)
            await writer.drain()
        is_over = any(isinstance(record, Lost | Broken) for record in records)
        return not is_over and not self._is_done()


async def read_until_told(name: str, folder: Path, ports: list[int]) -> None:
    """All readers of this process, until SIGTERM."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    running = [
        asyncio.create_task(Reader(folder / f"{name}.{way}.ledger", decoder, ports).run())
        for way, decoder in DECODERS.items()
    ]
    told_task = asyncio.create_task(told.wait())
    done, _ = await asyncio.wait([told_task, *running], return_when=asyncio.FIRST_COMPLETED)
    for task in done - {told_task}:
        task.result()  # A reader never ends but by an error of its own: show it.


if __name__ == "__main__":
    asyncio.run(
        read_until_told(sys.argv[1], Path(sys.argv[2]), [int(port) for port in sys.argv[3:]])
    )
