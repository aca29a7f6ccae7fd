"""A real PostgreSQL on a socket of a throwaway folder, with a schema for whoever asks for one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from tools.support.server import ending_with_us

_OLDEST = 15
_START = 120.0
_NOBODY: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
"""PostgreSQL refuses to be run by root."""


class Postgres:
    """A server that nobody else reaches and that survives no crash of the machine."""

    def __init__(self) -> None:
        server = installed()
        assert server is not None
        self._bin = server.parent
        self._temporary = TemporaryDirectory(prefix="pg.", dir="/tmp")  # names of sockets are short
        self.folder = Path(self._temporary.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._schemas = count(1)
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as = _NOBODY
            shutil.chown(self.folder, "nobody", "nogroup")
        self._run("initdb", "--auth=trust", "--username=shop", "--encoding=UTF8", "--locale=C")
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._temporary.cleanup()

    def url(self, schema: str = "public") -> str:
        """Return the address of a schema."""
        return f"postgresql://shop@/postgres?host={self.folder}&search_path={schema}"

    def new_schema(self) -> str:
        """Make a schema; return its address."""
        name = f"test_{next(self._schemas)}"
        self.psql(f"CREATE SCHEMA {name}")
        return self.url(name)

    def psql(self, sql: str) -> str:
        """Run SQL behind everybody's back; return what it prints."""
        done = subprocess.run(
            [*self._psql, "-c", sql], capture_output=True, text=True, check=True, timeout=120
        )
        return done.stdout

    @contextmanager
    def locking(self, url: str, table: str) -> Iterator[None]:
        """Have everybody wait who reads or writes a table of the schema at this address."""
        lock = f"BEGIN; LOCK TABLE {url.rpartition('=')[2]}.{table};"
        pipe = subprocess.PIPE
        with subprocess.Popen(self._psql, stdin=pipe, stdout=pipe, text=True) as session:
            assert session.stdin is not None
            assert session.stdout is not None
            session.stdin.write(f"{lock}\n\\echo locked\n")
            session.stdin.flush()
            while session.stdout.readline() != "locked\n":
                assert session.poll() is None
            yield
            session.stdin.close()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have the server and all its connections fall silent, as a machine does that hangs."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        processes = [pid, *map(int, children)]
        try:
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    @property
    def _psql(self) -> list[str]:
        where = ["--host", str(self.folder), "--username", "shop", "--dbname", "postgres"]
        return [str(self._bin / "psql"), *where, "--no-psqlrc", "-At"]

    def start(self) -> None:
        """Start the server, again if need be, and wait until it answers."""
        settings = ("fsync=off", "shared_buffers=16MB", "max_connections=60", "autovacuum=off")
        options = [part for setting in settings for part in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            where = ("-D", self.data, "-k", self.folder, "-h", "")
            self._process = subprocess.Popen(
                ending_with_us([self._bin / "postgres", *where, *options]),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                **self._as,
            )
        end = time.monotonic() + _START
        while not self._is_ready():
            assert time.monotonic() < end, "PostgreSQL does not open"
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server and every connection, by a signal of PostgreSQL's own."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(60)

    @property
    def data(self) -> Path:
        """Where the server keeps its files."""
        return self.folder / "data"

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        state = self.data / "postmaster.pid"
        return state.exists() and state.read_text().rstrip().endswith("ready")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), "-D", str(self.data), "--no-sync", *arguments]
        subprocess.run(
            command, check=True, capture_output=True, timeout=120, cwd=self.folder, **self._as
        )


def installed() -> Path | None:
    """Return the newest server here that is new enough, or None."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path).resolve())
    versions = {_version(server): server for server in found}
    newest = max(versions, default=0)
    return versions[newest] if newest >= _OLDEST else None


def _version(server: Path) -> int:
    said = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[2].partition(".")[0])
