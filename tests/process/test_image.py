"""The image: built as the Dockerfile says, run as it says, without Docker."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from jinja2 import BytecodeCache

from tests.support.shopper_client import Shopper, stream_of
from tools import image
from tools.support import http

KEPT = Path(sys.prefix, "image.tar")
"""What was built the last time, of which what has not changed need not be built again."""

UNCHECKED = b"\1\0\0\0"
"""How a compiled module says that it is the source's, which nobody need look at (PEP 552)."""


def test_the_image_sells_is_healthy_and_ends_kindly(tmp_path: Path) -> None:
    try:
        with image.built(tmp_path, KEPT) as built:
            nothing_that_installs(built)
            nothing_left_to_compile(built)
            assert built.own_megabytes < 120
            with built.server(tmp_path) as server:
                shop = image.descendant(server.pid, "-m app")
                status = Path(f"/proc/{shop}/status").read_text()
                assert status.partition("\nUid:")[2].split()[:4] == ["10001"] * 4
                assert built.is_healthy(server.port)
                with Shopper(server) as shopper:
                    assert shopper.follow(stream_of(shopper.store().text))[-1].name == "ready"
                assert http.get(f"{server.url}/design/").status_code == 404
                os.kill(shop, signal.SIGTERM)
                assert server.process is not None
                server.process.wait(60)
                assert "Traceback" not in server.log
                assert not built.is_healthy(server.port), "nobody answers"
            assert (built.root / "data" / "shop.sqlite3").stat().st_uid == 10001
    except image.ImageUnavailable as missing:
        pytest.skip(f"the image is not built: {missing}")


def nothing_that_installs(built: image.Image) -> None:
    """Assert that pip is nowhere, and that we wrote nothing outside our own folders."""
    assert built.config["User"] == "10001:10001"
    for place in ("venv", "usr/local", "shop"):
        assert (built.root / place).is_dir()
        names = {path.name.lower() for path in (built.root / place).rglob("pip*")}
        assert not [it for it in names if it == "pip" or it.startswith(("pip-", "pip3"))]


def nothing_left_to_compile(built: image.Image) -> None:
    """Assert that no module needs its source, and templates are kept compiled under their names."""
    for place in ("venv", "shop"):
        compiled = list((built.root / place).rglob("*.pyc"))
        assert compiled
        assert not [path for path in compiled if path.read_bytes()[4:8] != UNCHECKED]
    folder = built.root / "shop" / "components"
    for path in folder.rglob("*.jinja"):
        name = path.relative_to(folder).as_posix()
        key = BytecodeCache().get_cache_key(name, f"/shop/components/{name}")
        assert (folder / "__pycache__" / f"{key}.jinja-compiled").exists(), name
