"""The log of the whole process: JSON, line by line, whoever writes them."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx

from tests.conftest import StartServer
from tests.support.shopper_client import Shopper, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import ROOT, HeldPort

FEED = """\
Handle,Title,Variant Price
mug,Mug,9
"cup\u2028\x1b[31m","Cup ""of"" tin",cheap
"""


def test_every_line_is_a_whole_json_object(serve: StartServer, tmp_path: Path) -> None:
    feed = tmp_path / "shop.csv"
    feed.write_text(FEED)
    server = serve(WANDSTORE_CATALOG=str(feed))
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
    with socket.create_connection(("127.0.0.1", server.port)) as garbage:
        garbage.sendall(b"\0\0 nonsense\r\n\r\n")
        garbage.recv(1024)
    server.kill(signal.SIGTERM)
    lines = [json.loads(line) for line in server.log.split("\n")[:-1]]
    assert all({"time", "level", "logger"} <= line.keys() for line in lines)
    writers = {
        "wandstore",
        "wandstore.catalog",
        "wandstore.counts",
        "wandstore.pages",
        "uvicorn.error",
    }
    assert {line["logger"] for line in lines} == writers
    assert "shop, line 3" in lines[0]["message"]
    assert [line["status"] for line in lines if line.get("event") == "page"] == ["success"]


def test_a_log_that_nobody_reads_holds_nobody_up(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b".")
    os.set_blocking(writing, True)
    with HeldPort() as port:
        shop = subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "WANDSTORE_PORT": str(port.number),
                "WANDSTORE_DATA": str(tmp_path / "data"),
                "WANDSTORE_HOUSE_PACE": "0",
            },
            stderr=writing,
        )
        os.close(writing)
        with http.Client(base_url=port.url, timeout=60) as client:

            def is_healthy() -> bool:
                with suppress(httpx.ConnectError):
                    return bool(client.get("/health").json()["status"] == "healthy")
                return False

            eventually(is_healthy)
            for _ in range(3):
                stream = stream_of(client.get("/store", headers={"cookie": ""}).text)
                assert not stream or client.get(stream).status_code == 200
        shop.send_signal(signal.SIGTERM)
        assert shop.wait(60) == -signal.SIGTERM
    os.close(reading)
