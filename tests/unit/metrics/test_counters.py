"""What is counted is told in the log, when there is anything new."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from app.metrics.counters import MetricsLogger


def test_counts_are_told_once_and_again_when_they_have_changed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "wandstore.counts")
    counts: Counter[str] = Counter()
    teller = MetricsLogger({"kv": counts, "idle": Counter()})
    teller.write()
    assert caplog.messages == []
    counts["kv_write_failed"] += 1
    teller.write()
    teller.write()
    assert [record.msg for record in caplog.records] == [
        {"event": "counts", "kv": {"kv_write_failed": 1}}
    ]
    counts["kv_write_failed"] += 1
    teller.write()
    assert len(caplog.messages) == 2
