"""Container and Worker started together, by one command, as a developer does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.settings import ROOT
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.edge import NODE, publish

_OPEN = re.compile("serving (.+)/store through the Worker")
PUBLIC = ROOT / "worker" / "public"


@dataclass(frozen=True)
class Together:
    """Both, where they are and what they have said."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def together(folder: Path) -> Iterator[Together]:
    if not PUBLIC.exists():
        publish(PUBLIC)
    log = folder / "log"
    path = f"{NODE.parent}:{os.environ['PATH']}"
    variables = {"PATH": path, "HOME": str(folder), "WANDSTORE_PORT": "0"}
    variables |= {"WANDSTORE_DATA": str(folder / "data"), "WANDSTORE_HOUSE_PACE": "0"}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.edge"], cwd=ROOT, env=variables, stdout=said, stderr=said
        )
    try:
        while not (found := _OPEN.search(log.read_text())):
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
        yield Together(found[1], process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def is_kept(page: httpx.Response) -> bool:
    kept = page.headers["x-wandstore-page"] == "kept"
    assert not kept or "fallback" not in fillers(page.text).values()
    return kept


def test_one_command_opens_a_shop_that_composes_keeps_and_ends(tmp_path: Path) -> None:
    with together(tmp_path) as shop:
        with Shopper(shop) as shopper:
            page = shopper.store()
            shopper.follow(stream_of(page.text))
            # The Worker waits for KV no longer than shoppers would, which a busy machine may exceed.
            eventually(lambda: is_kept(shopper.store()))
        assert (tmp_path / "data").is_dir()
        assert '"event":"stream"' in shop.log.read_text()
    assert shop.process.returncode == 0
    try:
        http.get(f"{shop.url}/store")
    except httpx.ConnectError:
        return
    raise AssertionError("the Worker is still there")
