"""An ASGI app behind a real socket, in a thread of the tests' own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import Server


@contextmanager
def event_loop() -> Iterator[BlockingPortal]:
    """Run an event loop such as the shop's in a thread."""
    with start_blocking_portal("asyncio", {"use_uvloop": True}) as portal:
        yield portal


@asynccontextmanager
async def opened(server: Server) -> AsyncIterator[int]:
    """Run a server for as long as the block lasts; yield its port.

    It opens and ends as uvicorn does it, without the tenths of a second that uvicorn's own loop
    sleeps before it looks whether to end.
    """
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    await server.on_tick(0)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        for listener in server.servers:
            listener.close()
        await asyncio.sleep(0)  # for who has just been let in
        for connection in list(server.server_state.connections):
            connection.shutdown()
        await server.lifespan.shutdown()
        while connections := list(server.server_state.connections):
            for connection in connections:
                connection.transport.abort()  # what is still being sent holds its socket open
            await asyncio.sleep(0)
        if tasks := list(server.server_state.tasks):  # one that opens a file would leave it open
            await asyncio.wait(tasks, timeout=1.0)
        await asyncio.sleep(0)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an app for as long as the block lasts; yield its address."""
    server = Server(Config(app, port=0, log_level="critical", lifespan="off", http="httptools"))
    with event_loop() as portal, portal.wrap_async_context_manager(opened(server)) as port:
        yield f"http://127.0.0.1:{port}"
