"""A model for benchmarks: streams one page over chat completions at a real model's pace.

Each component ends with the time at which its closing piece was sent, in microseconds of the
machine's monotonic clock, so that a reader can tell how long it took to arrive.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator

import uvloop

from tools.bench.page import STAMP, ids_and_category, stamp

_BETWEEN_TICKS = 0.005


def components(products: list[str], category: str) -> list[dict[str, object]]:
    """Return a page's components, five to be drawn and three that come too late for their slot."""
    words = "made to be used every day and to look better for it, "
    hero = {
        "product_id": products[0],
        "eyebrow": "A place to begin",
        "headline": "Good things for quiet evenings",
        "link_text": "See it up close",
        "text": f"Stay and look around for a while. {STAMP}",
    }
    shelf = {"product_ids": products[:8], "title": "On the shelf", "text": f"For now. {STAMP}"}
    row = {"product_ids": products[8:14], "title": f"And these {STAMP}"}
    ways = {"categories": [category], "sort": "featured", "label": f"Ways {STAMP}"}
    close = {
        "headline": "One more shelf",
        "link_text": "Look around",
        "category": category,
        "text": f"Walk on. {STAMP}",
    }
    late = {**shelf, "text": words * 21}
    kinds = [("hero", hero), ("filters", ways), ("grid", shelf), ("recommendations", row)]
    kinds += [("cta", close), ("grid", late), ("grid", late), ("grid", late)]
    return [{"type": kind, "id": kind, "config": config} for kind, config in kinds]


def pieces(text: str) -> Iterator[str]:
    """Cut the text as tokens would, 4 and 5 characters in turn; a stamp stays in one piece."""
    at, count = 0, 0
    while at < len(text):
        size = 4 + count % 2
        found = text.find(STAMP, at, at + size + len(STAMP))
        if found >= 0:
            size = found + len(STAMP) + 3 - at
        yield text[at : at + size]
        at, count = at + size, count + 1


def chunk(payload: object) -> bytes:
    """Return an event as one HTTP chunk."""
    data = b"data: " + (payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    return b"%x\r\n%b\n\n\r\n" % (len(data) + 2, data)


def event(text: str, finish: str | None = None) -> dict[str, object]:
    """Return a chat completion chunk."""
    return {
        "id": "chatcmpl-benchmark-0000000000",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": "benchmark",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}],
    }


class Model:
    """Serves streams, all paced by one clock so that it costs little itself."""

    def __init__(self, deltas_per_second: float) -> None:
        products, category = ids_and_category()
        text = json.dumps({"components": components(products, category)}, separators=(",", ":"))
        self._chunks = [chunk(event(piece)) for piece in pieces(text)]
        self._chunks.append(chunk(event("", "stop")))
        self._chunks.append(chunk(b"[DONE]"))
        self._rate = deltas_per_second

    async def serve(self, port: int) -> None:
        """Serve until killed; print the address first."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", port)
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
        async with server:
            await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                if length:
                    await reader.readexactly(int(length.group(1)))
                await self._stream(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        began = time.monotonic()
        for at, data in enumerate(self._chunks):
            ahead = began + at / self._rate - time.monotonic()
            if ahead > 0:
                await asyncio.sleep(ahead)
            if writer.is_closing():
                raise ConnectionResetError("the reader has left")
            writer.write(stamped(data))
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def stamped(data: bytes) -> bytes:
    """Put the time into the place kept for it."""
    mark = STAMP.encode()
    return data.replace(mark, stamp()) if mark in data else data


if __name__ == "__main__":
    uvloop.run(Model(float(sys.argv[2])).serve(int(sys.argv[1])))
