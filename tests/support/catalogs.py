"""A catalog, written into a temporary folder and read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from app.catalog.load import Catalogs
from app.domain.catalog import FeedIssue, Product, Shop


class Reading:
    """One catalog, read: what is sold, and what is told of the rest."""

    def __init__(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs
        self.shop: Shop = catalogs.default
        self.products: Mapping[str, Product] = self.shop.products
        self.problems: tuple[FeedIssue, ...] = catalogs.problems[self.shop.id]

    @property
    def only(self) -> Product:
        (product,) = self.products.values()
        return product


Write = Callable[[str, str], Path]
ReadCsv = Callable[..., Reading]
ReadJson = Callable[..., Reading]
