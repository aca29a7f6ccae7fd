"""`python -m edge`: runs the container and, in front of it, the Worker in workerd.

KV and D1 are the Worker's, in files under `WANDSTORE_DATA`; the container reaches them as it would
on Cloudflare, through the Worker. No account, no Docker. Everything ends with this process.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from app.settings import ROOT
from tools.support.server import HeldPort, ending_with_us

_CANNOT_START = 2
_GRACE = 20
_MINE = ("WANDSTORE_PORT", "WANDSTORE_HOST")
"""Where shoppers come to; the container has a port of its own."""


class CannotStart(Exception):
    """The Worker has ended before it was open."""


def main() -> int:
    """Run both until one ends, or until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = os.environ.get("WANDSTORE_PORT", "8080")
    data = Path(os.environ.get("WANDSTORE_DATA", str(ROOT / "data" / "edge"))).resolve()
    shared = _secrets()
    with ExitStack() as running:
        held = running.enter_context(HeldPort())
        try:
            worker, url = _start_worker(port, data, {**shared, "CONTAINER_URL": held.url})
        except CannotStart as error:
            sys.stderr.write(f"the Worker did not start: {error}\n")
            return _CANNOT_START
        running.callback(_end, worker)
        container = _start_container(held.number, data, url, shared)
        running.callback(_end, container)
        sys.stdout.write(f"serving {url}/store through the Worker\n")
        sys.stdout.flush()
        try:
            return _wait_for_either(worker, container)
        except KeyboardInterrupt:
            return 0


def _secrets() -> dict[str, str]:
    """Return secrets for this run; what the environment sets stays, so that cookies outlive it."""
    return {
        "SESSION_SECRET": os.environ.get("SESSION_SECRET") or secrets.token_hex(32),
        "WORKER_SECRET": os.environ.get("WORKER_SECRET") or secrets.token_hex(32),
        "LOCAL_BINDINGS_TOKEN": secrets.token_hex(32),
    }


def _start_worker(
    port: str, data: Path, variables: Mapping[str, str]
) -> tuple[subprocess.Popen[str], str]:
    """Start the Worker; return it with its address once it is open."""
    node = shutil.which("node")
    if node is None:
        raise CannotStart("there is no node; `make edge` brings one")
    host = os.environ.get("WANDSTORE_HOST", "127.0.0.1")
    command = [node, "local.mjs", "--host", host, "--port", port, "--state", str(data)]
    process = subprocess.Popen(
        ending_with_us(command),
        cwd=ROOT / "worker",
        env={**os.environ, "WRANGLER_SEND_METRICS": "false", **variables},
        stdout=subprocess.PIPE,
        text=True,
    )
    said = process.stdout.readline() if process.stdout else ""
    if not said.startswith('{"url"'):
        process.wait()
        raise CannotStart(said.strip() or "see above")
    return process, json.loads(said)["url"]


def _start_container(
    port: int, data: Path, worker: str, shared: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start the container, its KV and database being the Worker's."""
    inherited = {name: value for name, value in os.environ.items() if name not in _MINE}
    variables = {
        **inherited,
        **shared,
        "WANDSTORE_PORT": str(port),
        "WANDSTORE_DATA": str(data / "container"),
        "WANDSTORE_STATE": "worker",
        "WANDSTORE_KV_URL": f"{worker}/_bindings/kv",
        "WANDSTORE_D1_URL": f"{worker}/_bindings/d1",
        "WANDSTORE_EDGE_URL": f"{worker}/_bindings/edge",
        "WANDSTORE_BINDINGS_TOKEN": shared["LOCAL_BINDINGS_TOKEN"],
    }
    command = ending_with_us([sys.executable, "-m", "app"])
    return subprocess.Popen(command, cwd=ROOT, env=variables)


def _wait_for_either(worker: subprocess.Popen[str], container: subprocess.Popen[bytes]) -> int:
    """Pass on what the Worker tells; return when it, or the container, has ended."""
    for line in worker.stdout or ():
        sys.stdout.write(line)
        sys.stdout.flush()
        if container.poll() is not None:
            return container.returncode
    return worker.wait()


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
