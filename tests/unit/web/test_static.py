"""The browser's scripts: small, external, and without what a strict policy would stop."""

from __future__ import annotations

import gzip
import re

import pytest

from app.settings import ROOT

SCRIPTS = {path.name: path.read_text() for path in (ROOT / "static").glob("*.js")}


def test_the_stream_script_is_at_most_2_700_bytes_gzipped() -> None:
    """What it would not need for swaps alone, record 19 says the use of."""
    assert len(gzip.compress(SCRIPTS["stream.js"].encode(), 9)) <= 2_700


@pytest.mark.parametrize(
    "word", [r"\beval\b", r"new Function", r"document\.write", r"setTimeout\(['\"]", r"https?://"]
)
def test_they_run_no_text_as_code_and_name_no_host(word: str) -> None:
    assert SCRIPTS
    assert [name for name, text in SCRIPTS.items() if re.search(word, text)] == []
