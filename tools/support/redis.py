"""A real Redis or Valkey on a free port of the loopback, with its data in a folder or nowhere."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tools.support.server import HeldPort, ending_with_us, find_program

_START = 120.0


class RedisProcess:
    """One server without a password, for this machine alone. `settings` are Redis's own.

    Its port stays its own while it is down.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self._port = HeldPort()
        self.url = f"redis://127.0.0.1:{self._port.number}/0"
        self._folder = folder
        self._settings = {"save": "", "appendonly": "no", **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._port.close()

    def start(self) -> None:
        """Start and wait until it serves."""
        self._launch({})
        self._await("Ready to accept connections")

    def _launch(self, more: dict[str, str]) -> None:
        program = installed()
        assert program is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        options = {"bind": "127.0.0.1", "port": str(self._port.number), "dir": str(self._folder)}
        words = [(f"--{name}", value) for name, value in (options | self._settings | more).items()]
        self._process = subprocess.Popen(
            ending_with_us([program, *(word for pair in words for word in pair)]),
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )

    def _await(self, words: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        end = time.monotonic() + _START
        while time.monotonic() < end and (line := self._process.stdout.readline()):
            if words.encode() in line:
                return
        raise RuntimeError("Redis does not open")

    def flush(self) -> None:
        """Remove all that is in it."""
        self._obey("FLUSHALL")

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Start it anew with so much to read that it does nothing else; then it is stopped."""
        self._obey("EVAL \"for i = 1, 100000 do redis.call('SET', i, '') end return {ok='OK'}\" 0")
        self._obey("SAVE")
        self.stop()
        self._launch({"key-load-delay": "200", "loading-process-events-interval-bytes": "1024"})
        self._await("Loading RDB")
        try:
            yield
        finally:
            self.stop()
            (self._folder / "dump.rdb").unlink()

    def _obey(self, command: str) -> None:
        with socket.create_connection(
            ("127.0.0.1", self._port.number), timeout=_START
        ) as connection:
            connection.sendall(f"{command}\r\n".encode())
            assert connection.recv(5) == b"+OK\r\n"

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it fall silent: it accepts connections, and says nothing more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            if self._process.stdout:
                self._process.stdout.close()
            self._process = None


def installed() -> str | None:
    """Return the server's program, Redis's or Valkey's, or None where there is neither."""
    return find_program("redis-server") or find_program("valkey-server")
