"""Partners on this machine have a name on one network of Compose: who is cut off from it is cut off from them.

`python3 relay.py HOST PORT …`: what comes to a port goes to the same port of the host. An internal network of
older engines still leads to the machine's own addresses.
"""

import asyncio
import contextlib
import sys
from functools import partial


async def serve(host: str, port: int) -> None:
    """Passes everything on, for ever."""
    server = await asyncio.start_server(partial(_pass_on, host, port), "0.0.0.0", port)
    await server.serve_forever()


async def _pass_on(
    host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with contextlib.closing(writer), contextlib.suppress(OSError):
        answers, there = await asyncio.open_connection(host, port)
        with contextlib.closing(there):
            both = [
                asyncio.create_task(_copy(reader, there)),
                asyncio.create_task(_copy(answers, writer)),
            ]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for each in both:
                each.cancel()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()


async def main(host: str, *ports: str) -> None:
    """Serves every port."""
    await asyncio.gather(*(serve(host, int(port)) for port in ports))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
