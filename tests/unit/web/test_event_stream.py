"""Events as they come: to their end, until the reader leaves, and at the cost of two tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message, Scope

from app.web.event_stream import EventStream

pytestmark = pytest.mark.anyio
SCOPE: Scope = {"type": "http", "method": "GET"}
OPEN = b": open\n\n"


class Reader:
    """Takes what is sent to it, and leaves when it is told to."""

    def __init__(self, takes_head: float = 0) -> None:
        self._takes_head = takes_head
        self.types: list[str] = []
        self.bodies: list[bytes] = []
        self.beaten = asyncio.Event()
        self.left = asyncio.Event()
        self._has_received = False

    async def receive(self) -> Message:
        if not self._has_received:
            self._has_received = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.types.append(message["type"])
        if message["type"] == "http.response.start":
            await asyncio.sleep(self._takes_head)
        if message["type"] == "http.response.body":
            self.bodies.append(message["body"])
            if len(self.bodies) == 3:
                self.beaten.set()

    def reading(self, events: AsyncGenerator[bytes, None], heartbeat: float) -> asyncio.Task[None]:
        stream = EventStream(events, {}, heartbeat)
        return asyncio.create_task(stream(SCOPE, self.receive, self.send))


async def test_what_is_yielded_is_sent_to_its_end() -> None:
    async def events() -> AsyncGenerator[bytes, None]:
        yield b"one"
        yield b"two"

    reader = Reader()
    await reader.reading(events(), 30)
    assert reader.bodies == [OPEN, b"one", b"two", b""]


async def test_no_heartbeat_goes_before_the_head() -> None:
    async def events() -> AsyncGenerator[bytes, None]:
        yield b"one"

    reader = Reader(takes_head=0.02)
    await reader.reading(events(), 0.001)
    assert reader.types == ["http.response.start", *["http.response.body"] * len(reader.bodies)]
    assert reader.bodies[0] == OPEN


@pytest.mark.parametrize("failure", [ValueError, TimeoutError])
async def test_a_generator_that_fails_is_no_end(failure: type[Exception]) -> None:
    async def events() -> AsyncGenerator[bytes, None]:
        yield b"one"
        raise failure("broken")

    reader = Reader()
    with pytest.raises(failure, match="broken"):
        await reader.reading(events(), 30)
    assert reader.bodies == [OPEN, b"one"]


async def test_a_reader_who_leaves_ends_the_events_and_has_cost_two_tasks() -> None:
    ended = asyncio.Event()

    async def events() -> AsyncGenerator[bytes, None]:
        try:
            await asyncio.Event().wait()
            yield b"never"
        finally:
            ended.set()

    reader, before = Reader(), len(asyncio.all_tasks())
    reading = reader.reading(events(), 0.001)
    await reader.beaten.wait()
    assert reader.bodies[:3] == [OPEN, *[b": still here\n\n"] * 2]
    assert len(asyncio.all_tasks()) == before + 2
    reader.left.set()
    await reading
    assert ended.is_set()
    assert len(asyncio.all_tasks()) == before
