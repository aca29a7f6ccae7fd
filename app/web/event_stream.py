"""An SSE response that costs two tasks a reader, and no buffer of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from sse_starlette.sse import AppStatus, EventSourceResponse
from starlette.types import Receive, Scope, Send

AppStatus.enable_automatic_graceful_drain = False

_OPEN = b": open\n\n"
_COMMENT = b": still here\n\n"


class EventStream(EventSourceResponse):
    """The library's response, without a task each for what a reader waits for.

    With its four tasks a thousand readers take 25 MiB more. It ends where the generator does, or
    the reader leaves: one that has stopped reading is let go by the server. Every `heartbeat`
    seconds goes a comment, for whoever stands between and closes what is silent.
    """

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        headers: Mapping[str, str],
        heartbeat: float = 15,
    ) -> None:
        super().__init__(events, headers=headers, ping=heartbeat)
        del self.headers["connection"]  # which is the server's to keep or close
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what the generator yields, until it ends or nobody reads."""
        if scope["method"] == "HEAD":
            await super().__call__(scope, receive, send)
            return
        async with aclosing(self._events) as events:
            try:
                async with asyncio.timeout(None) as reading:
                    head = {"status": self.status_code, "headers": self.raw_headers}
                    await send({"type": "http.response.start", **head})
                    attending = asyncio.create_task(self._attend(receive, send, reading))
                    try:
                        await _send(send, _OPEN)
                        async for data in events:
                            await _send(send, data)
                    finally:
                        attending.cancel()
                    await _send(send, b"", more_body=False)
            except TimeoutError:
                if not reading.expired():
                    raise

    async def _attend(self, receive: Receive, send: Send, reading: asyncio.Timeout) -> None:
        """Keep the connection in use, and end the reading once its reader has left."""
        message = {"type": ""}
        while message["type"] != "http.disconnect":
            try:
                async with asyncio.timeout(self.ping_interval):
                    message = dict(await receive())
            except TimeoutError:
                await _send(send, _COMMENT)
        reading.reschedule(asyncio.get_running_loop().time())


async def _send(send: Send, body: bytes, *, more_body: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more_body})
