"""The browser's script: small, external, and without what a strict policy would stop."""

from __future__ import annotations

import gzip
import re

import pytest

from app.settings import ROOT

SCRIPT = (ROOT / "static" / "stream.js").read_text()


def test_the_stream_script_is_at_most_two_thousand_bytes_gzipped() -> None:
    assert len(gzip.compress(SCRIPT.encode(), 9)) <= 2_000


@pytest.mark.parametrize(
    "word", [r"\beval\b", r"new Function", r"document\.write", r"setTimeout\(['\"]", r"https?://"]
)
def test_it_runs_no_text_as_code_and_names_no_host(word: str) -> None:
    assert re.search(word, SCRIPT) is None
