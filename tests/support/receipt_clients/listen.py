"""Listens to all of its arguments, and has no code for pings."""

import asyncio
import os
import ssl
import sys

from websockets.asyncio.client import connect

TLS = ssl.create_default_context(cafile=os.environ["CERTIFICATE"])


async def listen(url: str) -> None:
    async with connect(url, ssl=TLS if url.startswith("wss:") else None) as socket:
        async for _ in socket:
            pass


async def main() -> None:
    await asyncio.gather(*map(listen, sys.argv[1:]))


asyncio.run(main())
