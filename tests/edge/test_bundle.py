"""What would be deployed is small, and is all there is of the Worker."""

from __future__ import annotations

import gzip

from app.settings import ROOT
from tools.support.edge import BUNDLE

MOST = 48 * 1024
"""Bytes, gzipped: what a new isolate has to load before it can answer."""


def test_the_bundle_is_small() -> None:
    assert len(gzip.compress(BUNDLE.read_bytes())) <= MOST


def test_nothing_secret_is_written_into_the_configuration() -> None:
    written = (ROOT / "worker" / "wrangler.toml").read_text()
    for name in ("SESSION_SECRET", "WORKER_SECRET", "API_KEY", "API_TOKEN", "LOCAL_BINDINGS"):
        assert f"{name} =" not in written
