"""The real server as its own process, on a free port of the loopback, for tests and benchmarks."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from tools.support import http

ROOT = Path(__file__).resolve().parents[2]
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
_START = 120.0
_ADDRESS = re.compile(r"serving http://[^\s\"]+:(\d+)")


def find_program(name: str) -> str | None:
    """Return the path of a program, installed or put beside Python by tools/install.sh, if any."""
    path = f"{os.environ.get('PATH', os.defpath)}:{Path(sys.executable).parent}"
    return shutil.which(name, path=path)


def ending_with_us(command: Sequence[str | Path]) -> Sequence[str | Path]:
    """Return a command whose process is told to end when this one ends, be it by `kill -9`.

    Linux knows how, and means the thread that started it: others may end before their process.
    """
    setpriv = find_program("setpriv")
    if setpriv is None or threading.current_thread() is not threading.main_thread():
        return command
    return [setpriv, "--pdeathsig", "TERM", *command]


class HeldPort:
    """A port of the loopback that nobody else is given, for who must be known before it listens.

    It is bound and does not listen: connections are refused until a server listens on it, who may
    bind it as well since neither listens yet.
    """

    def __init__(self, number: int = 0) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", number))
        except OSError:
            self._socket.close()
            raise
        self.number = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.number}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others have it."""
        self._socket.close()


class Server:
    """`python -m app`, or another command that serves, with an environment of its own.

    The system chooses the port unless one is given, and the server logs which it is. It stays the
    server's own while the server is down.
    """

    def __init__(
        self,
        data: Path,
        environment: Mapping[str, str] | None = None,
        port: int = 0,
        *,
        wait: bool = True,
        command: Sequence[str | Path] = (sys.executable, "-m", "app"),
    ) -> None:
        self.port = port
        self.data = data
        self.process: subprocess.Popen[bytes] | None = None
        self._waits = wait
        self._command = command
        self._held: HeldPort | None = None
        self._log_path = data.with_name(f"{data.name}.log")
        self._environment = {
            "WANDSTORE_DATA": str(data),
            **(environment or {}),
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # somebody else has the port by now, which is free to be had
            self.stop()
        if self._held:
            self._held.close()

    @property
    def url(self) -> str:
        """Where it serves, once it does."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def workbench_cookie(self) -> str:
        """The cookie that the workbench and the traces ask for."""
        return f"workbench_{self.port}={(self.data / 'workbench.secret').read_text()}"

    def trace(self, page_id: str) -> dict[str, Any]:
        """Return the trace of a page, which a shop with the workbench tells."""
        allowed = {"Cookie": self.workbench_cookie}
        found: dict[str, Any] = http.get(
            f"{self.url}/debug/pages/{page_id}", headers=allowed
        ).json()
        return found

    @property
    def log(self) -> str:
        """What the server has written."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of its log that are of this event."""
        lines: Iterable[dict[str, Any]] = map(
            json.loads, (line for line in self.log.splitlines() if f'"{event}"' in line)
        )
        return [line for line in lines if line.get("event") == event]

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self.process is not None
        return self.process.pid

    @property
    def is_parent(self) -> bool:
        """Whether it has a process of its own at work, as one that reads a catalog."""
        with suppress(OSError):  # a thread has just ended
            threads = Path(f"/proc/{self.pid}/task").glob("*/children")
            return any(children.read_text() for children in threads)
        return False

    def start(self) -> None:
        """Start and wait until it serves."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        inherited = {name: os.environ[name] for name in _KEPT if name in os.environ}
        already = len(self.log)
        with self._log_path.open("ab") as log:
            environment = {**inherited, "WANDSTORE_PORT": str(self.port), **self._environment}
            self.process = self._spawn(environment, log)
        if self._waits:
            self._wait(already)

    def _spawn(self, environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ending_with_us(self._command),
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; return the exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self._ended(60)

    def stop(self) -> None:
        """End the server, kindly if it can be."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self._ended(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self._ended(30)

    def _ended(self, seconds: float) -> int:
        """Wait for the end, and keep the port from everybody else."""
        assert self.process is not None
        code = self.process.wait(seconds)
        self._held = self._held or HeldPort(self.port)
        return code

    def _wait(self, already: int) -> None:
        """Read from the log where it serves."""
        assert self.process is not None
        end = time.monotonic() + _START
        while time.monotonic() < end:
            ended = self.process.poll() is not None
            if found := _ADDRESS.search(self.log, already):
                self.port = int(found[1])
                return
            if ended:
                raise RuntimeError(f"the server ended at once:\n{self.log}")
            time.sleep(0.02)
        raise RuntimeError(f"the server does not open:\n{self.log}")
