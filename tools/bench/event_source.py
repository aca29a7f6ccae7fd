"""A container for benchmarks that composes nothing: events at an even pace, for whoever asks.

Each event carries the time at which it was written, as the benchmark's model stamps its pieces.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time

import uvloop

from tools.bench.page import stamp

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_PADDING = b"x" * 200


class Source:
    """Writes so many events a second, so many in all, to each connection by itself."""

    def __init__(self, events: int, a_second: float) -> None:
        self._events = events
        self._gap = 1 / a_second

    async def serve(self) -> None:
        """Serve until killed; print the address first."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        async with server:
            await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                await reader.readexactly(int(length.group(1)) if length else 0)
                await self._stream(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_HEAD)
        began = time.monotonic()
        for at in range(self._events):
            await asyncio.sleep(max(0.0, began + at * self._gap - time.monotonic()))
            text = b"event: component\nid: %d\ndata: %b %b\n\n" % (at + 1, stamp(), _PADDING)
            writer.write(b"%x\r\n%b\r\n" % (len(text), text))
        writer.write(b"0\r\n\r\n")
        await writer.drain()


if __name__ == "__main__":
    uvloop.run(Source(int(sys.argv[1]), float(sys.argv[2])).serve())
