"""Catalogs written into a temporary folder, and read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from app.models import FeedProblem, Product, Shop
from app.services.catalog import Catalogs, load_catalogs

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write_file


class Reading:
    """One catalog, read: what is sold, and what is told of the rest."""

    def __init__(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs
        self.shop: Shop = catalogs.default
        self.products: Mapping[str, Product] = self.shop.products
        self.problems: tuple[FeedProblem, ...] = catalogs.problems[self.shop.id]

    @property
    def only(self) -> Product:
        (product,) = self.products.values()
        return product


ReadCsv = Callable[..., Reading]
ReadJson = Callable[..., Reading]


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
