"""An ASGI app on a free port of the loopback for as long as a block lasts, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp
from uvicorn import Config, Server

from tools.support.server import free_port


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve; yield the address."""
    port = free_port()
    server = Server(Config(app, port=port, log_level="critical", lifespan="off", http="httptools"))
    thread = threading.Thread(target=server.run, name="stand-in")
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
