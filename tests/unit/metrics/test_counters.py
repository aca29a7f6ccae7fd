"""What is counted is told in the log, when there is anything new."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from app.metrics.counters import Teller


def test_counts_are_told_once_and_again_when_they_have_changed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "wandstore.counts")
    counts: Counter[str] = Counter()
    teller = Teller({"kv": counts, "idle": Counter()})
    teller.tell()
    assert caplog.messages == []
    counts["kv_write_failed"] += 1
    teller.tell()
    teller.tell()
    assert caplog.messages == ['{"event": "counts", "kv": {"kv_write_failed": 1}}']
    counts["kv_write_failed"] += 1
    teller.tell()
    assert len(caplog.messages) == 2
