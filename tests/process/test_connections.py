"""Connections without end, to a process that has few descriptors and little memory for them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.support.shopper_client import Shopper, stream_of
from tools.support import http
from tools.support.server import ROOT, HeldPort, Server

FEW = ("sh", "-c", 'ulimit -n 64 && exec "$0" -m app', sys.executable)
SECRET = "s3cret-of-the-worker"  # noqa: S105 - made for this test
MEBIBYTE = 1024 * 1024
QUICK = {"WANDSTORE_HOUSE_PACE": "0", "WANDSTORE_DESIGN": ""}


def resident(server: Server) -> int:
    """Return the most bytes of memory that the process has had at once."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@contextmanager
def crowd(port: int, size: int) -> Iterator[None]:
    """Connect so many times, and say nothing."""
    with ExitStack() as open_ones:
        for _ in range(size):
            with suppress(OSError):
                address = ("127.0.0.1", port)
                open_ones.enter_context(socket.create_connection(address, timeout=60))
        yield


def test_more_connections_than_descriptors_keep_nobody_out(tmp_path: Path) -> None:
    with Server(tmp_path / "data", QUICK, command=FEW) as server, crowd(server.port, 200):
        assert http.get(f"{server.url}/health").json()["status"] == "healthy"
        with Shopper(server) as shopper:
            assert shopper.follow(stream_of(shopper.store().text))[-1].name == "ready"


def test_fewer_descriptors_than_it_needs_are_told_in_a_line(tmp_path: Path) -> None:
    command = ["sh", "-c", 'ulimit -n "$1" && exec "$0" -m app', sys.executable, "63"]
    environment = {"PATH": os.environ["PATH"], "WANDSTORE_DATA": str(tmp_path / "data")}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    told = "63 files may be open at once (ulimit -n), 64 must"
    assert ended.stderr == f"wandstore cannot start: {told}\n"


INHERITED = """
import os, sys
for _ in range(52):
    os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)
os.execv(sys.executable, [sys.executable, "-m", "app"])
"""


def test_descriptors_that_it_inherits_and_that_leave_it_none_are_told_in_a_line(
    tmp_path: Path,
) -> None:
    command = ["sh", "-c", 'ulimit -n 64 && exec "$0" -c "$1"', sys.executable, INHERITED]
    environment = {"PATH": os.environ["PATH"], "WANDSTORE_DATA": str(tmp_path / "data")}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("wandstore cannot start: [Errno 24] ")
    assert ended.stderr.count("\n") == 1


def test_connections_while_it_starts_do_not_end_it(tmp_path: Path) -> None:
    with HeldPort() as port:
        server = Server(tmp_path / "data", QUICK, port.number, wait=False, command=FEW)
        with server, ExitStack() as open_ones:
            address, early = ("127.0.0.1", port.number), 0
            while early < 100:
                with suppress(ConnectionRefusedError):
                    open_ones.enter_context(socket.create_connection(address, timeout=60))
                    early += 1
            with Shopper(server) as shopper:
                assert shopper.follow(stream_of(shopper.store().text))[-1].name == "ready"


@pytest.mark.parametrize("environment", [{}, {"WORKER_SECRET": SECRET}], ids=["open", "secret"])
def test_headers_without_end_take_no_memory(
    serve: StartServer, environment: dict[str, str]
) -> None:
    server = serve(**QUICK, **environment)
    with Shopper(server) as shopper:  # all is loaded, once a page has been composed
        shopper.headers["authorization"] = f"Bearer {SECRET}"
        shopper.follow(stream_of(shopper.store().text))
    before = resident(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as flood:
        with suppress(OSError):
            flood.sendall(b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * (6 * MEBIBYTE))
        with suppress(OSError):
            assert flood.recv(32).startswith(b"HTTP/1.1 431 ")
    assert http.get(f"{server.url}/health").status_code == 200
    assert resident(server) - before < 8 * MEBIBYTE
