"""A real nginx on a free port of the loopback, with the configuration of deploy/ before shops."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tools.support.server import ROOT, HeldPort, ending_with_us, find_program

_START = 120.0
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def configuration(port: int, shops: Sequence[str]) -> str:
    """Return deploy/nginx.conf for a port of the loopback and for shops at `host:port`."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text, ports = re.subn(r"listen 8080;", f"listen 127.0.0.1:{port};", text)
    assert ports == 1
    return re.sub(r"shop-(\d):8080", lambda it: shops[int(it[1]) - 1], text)


class Nginx:
    """One proxy before as many shops as the configuration names."""

    def __init__(self, folder: Path, shops: Sequence[str], port: int = 0) -> None:
        self._port = HeldPort(port)
        self.url = self._port.url
        self._folder = folder
        self._shops = shops
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        program = find_program("nginx")
        assert program is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = (f"{name}_temp_path {self._folder}/{name};" for name in _TEMPORARY)
        (self._folder / "nginx.conf").write_text(
            "\n".join(
                [
                    "daemon off; master_process off;",
                    f"pid {self._folder}/pid; error_log stderr;",
                    "events {}",
                    "http {",
                    "access_log off;",
                    *temporary,
                    configuration(self._port.number, self._shops),
                    "}",
                ]
            )
        )
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ending_with_us([program, "-p", self._folder, "-c", "nginx.conf", "-e", "stderr"]),
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        self._await_ready()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)
        self._port.close()

    def _await_ready(self) -> None:
        assert self._process is not None
        end = time.monotonic() + _START
        while time.monotonic() < end:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port.number)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("nginx does not open")
