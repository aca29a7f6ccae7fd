"""The Worker's SQL is the container's, word for word."""

from __future__ import annotations

import re

import pytest

from app.settings import ROOT
from app.storage.db import statements

WORKERS = (ROOT / "worker" / "src" / "shared" / "sql.ts").read_text()
EXPORTED = re.findall(r'export const (\w+) =\s+(?:`([^`]*)`|"([^"]*)");', WORKERS)


def test_there_are_statements_to_compare() -> None:
    assert len(EXPORTED) == WORKERS.count("export const") > 5


@pytest.mark.parametrize(("name", "sql"), [(name, one or other) for name, one, other in EXPORTED])
def test_a_statement_is_the_containers(name: str, sql: str) -> None:
    assert sql == getattr(statements, f"_{name}")
