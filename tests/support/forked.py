"""Servers as processes forked from one that has loaded the shop: loading is most of what one does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from importlib import import_module
from typing import IO, Any

from app.__main__ import main
from app.content.site import read_site
from app.generation.copy.shop import load_rules
from app.settings import read_settings
from tools.support.server import ROOT, Server

_MOST = 1 << 20
"""Bytes of a message."""


class ForkedServer(Server):
    """A `Server` whose process does what `python -m app` does once that is loaded."""

    def _spawn(self, environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return _Forked(_loaded().ask({"environment": environment}, log.fileno()))


class _Forked(subprocess.Popen[bytes]):
    """A process whose parent is the one that has loaded the shop."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: Any = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = _loaded().ask({"ended": self.pid})
        code: int | None = self.returncode
        return code

    def wait(self, timeout: float | None = None) -> int:
        end = time.monotonic() + (timeout or 60)
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("python -m app", timeout or 60)
            time.sleep(0.01)
        return code


class _Loaded:
    """The process that has loaded the shop. It ends, and all that it forked, when this one does."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])

    def ask(self, what: dict[str, Any], *files: int) -> Any:
        with self._lock:
            socket.send_fds(self._control, [json.dumps(what).encode()], files)
            return json.loads(self._control.recv(_MOST))


@cache
def _loaded() -> _Loaded:
    return _Loaded()


def _load() -> None:
    for module in ("app.util.lean_imports", "app.server", "app.llm.client"):
        import_module(module)
    content = read_site(read_settings({}))
    content.library.specs.load()
    load_rules(content.prompts.words).join()


def _fork_servers(control: socket.socket) -> None:
    """Fork a server for each environment that is sent, and tell how each ended who asks."""
    forked: set[int] = set()
    while True:
        message, files, _, _ = socket.recv_fds(control, _MOST, 1)
        if not message:
            break
        what = json.loads(message)
        if "ended" in what:
            pid, status = os.waitpid(what["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
            forked.discard(pid)
        elif answer := os.fork():
            forked.add(answer)
            os.close(files[0])
        else:
            control.close()
            _serve(what["environment"], files[0])
        control.send(json.dumps(answer).encode())
    for pid in forked:
        os.kill(pid, signal.SIGTERM)


def _serve(environment: dict[str, str], log: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, opened in enumerate((nothing, nothing, log)):
        os.dup2(opened, number)
    os.close(nothing)
    os.close(log)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["app"]
    sys.exit(main())


if __name__ == "__main__":
    _load()
    _fork_servers(socket.socket(fileno=int(sys.argv[1])))
