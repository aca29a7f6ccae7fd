"""Engines, two shops and the proxy started together, by one command, as a developer does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.settings import ROOT
from tests.support.fake_llm import Scenario
from tests.support.fake_model import (
    SLOTS,
    Model,
    answer,
    assert_written_one_by_one,
    ends_of_components,
)
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.waiting import eventually
from tools.support import http, postgres, redis
from tools.support.server import find_program

pytestmark = pytest.mark.skipif(
    None in (find_program("nginx"), postgres.installed(), redis.installed()),
    reason="NO NGINX, POSTGRESQL OR REDIS (tools/install.sh)",
)


@dataclass(frozen=True)
class Cluster:
    """All of it, where it is, and the processes of its shops."""

    url: str
    shops: list[int]
    process: subprocess.Popen[bytes]


@contextmanager
def cluster(folder: Path, environment: dict[str, str]) -> Iterator[Cluster]:
    log = folder / "log"
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "WANDSTORE_PORT": "0"}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.cluster"],
            cwd=ROOT,
            env=variables | environment,
            stdout=said,
            stderr=said,
        )
    try:
        eventually(lambda: process.poll() is not None or "shop-2:" in log.read_text(), 120)
        found = re.search("serving (.+)/store by two shops", log.read_text())
        assert found is not None, log.read_text()
        shops = [int(number) for number in re.findall(r"process (\d+)", log.read_text())]
        yield Cluster(found[1], shops, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_one_command_opens_a_shop_that_outlives_a_kill_of_half_of_it(
    model: Model, tmp_path: Path
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)))
    with cluster(tmp_path, model.environment) as shop, Shopper(shop) as shopper:
        stream = stream_of(shopper.store().text)
        with shopper.following(stream) as events:
            assert_written_one_by_one(model, events)
        pages = [shopper.store() for _ in range(4)]
        assert {page.headers["x-wandstore-page"] for page in pages} == {"kept"}
        assert len({page.text for page in pages}) == 1, "both serve the page that one composed"
        assert fillers(pages[0].text) == {slot: slot for slot in SLOTS}
        assert len(model.requests) == 1
        os.kill(shop.shops[0], signal.SIGKILL)
        for _ in range(4):
            assert shopper.store().text == pages[0].text
    assert shop.process.returncode == 0
    with pytest.raises(httpx.ConnectError):
        http.get(f"{shop.url}/store")
