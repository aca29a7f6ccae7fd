"""Catalogs written into a temporary folder, and read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.catalog.load import load_catalogs
from tests.support.catalogs import ReadCsv, Reading, ReadJson, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write_file


@pytest.fixture
def read_csv(write: Write) -> ReadCsv:
    def read(*lines: str, name: str = "shop.csv") -> Reading:
        return Reading(load_catalogs(write(name, "\n".join(lines) + "\n")))

    return read


@pytest.fixture
def read_json(write: Write) -> ReadJson:
    def read(*products: object, **shop: object) -> Reading:
        text = json.dumps({"shop": {"id": "corner", **shop}, "products": products}, indent=1)
        return Reading(load_catalogs(write("corner.json", text)))

    return read
