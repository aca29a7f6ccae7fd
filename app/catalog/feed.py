"""A feed once it is read: what every format comes down to, and the bounds all of them keep."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from app.catalog.problems import WHOLE_FILE, CatalogError, InvalidProduct, Report, shown
from app.domain.catalog import FeedIssue, Product, Shop

LARGEST_FILE = 64 * 1024 * 1024
MOST_PRODUCTS = 50_000
MOST_TAGS = 50
MOST_OPTIONS = 100
UNSORTED = "Everything"
"""The category of a product that is given none."""

_ID = re.compile(r"[^\W_][\w.-]{0,199}")


class Terms(NamedTuple):
    """What a feed may leave unsaid: its currency, where local pictures are served, its shop."""

    currency: str
    pictures_base: str
    shop_id: str
    shop_name: str


class Feed(NamedTuple):
    """One shop, what of its feed could not be sold, and the folder of its own pictures."""

    shop: Shop
    problems: tuple[FeedIssue, ...]
    pictures: Path | None = None


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        CatalogError: it cannot be read, is empty, too large, binary, or not UTF-8.
    """
    try:
        content = _content(path)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _error(path, "is not UTF-8 text", line) from None
    except OSError as error:
        raise _error(path, error.strerror or "cannot be read") from error
    except InvalidProduct as error:
        raise _error(path, str(error)) from None


def product_id(text: str) -> str:
    """Return an id that is safe in an address: letters, digits, dots, hyphens, underscores.

    Raises:
        InvalidProduct: it is not.
    """
    if not text:
        raise InvalidProduct("has no id")
    if not _ID.fullmatch(text) or not unicodedata.is_normalized("NFC", text):
        raise InvalidProduct(f"id {shown(text)!r} is not letters, digits, dots and hyphens")
    return text


def open_shop(path: Path, shop: Shop, products: Iterable[Product], report: Report) -> Shop:
    """Return the shop with its products and the digest of all that is drawn from it.

    Raises:
        CatalogError: there is nothing to sell.
    """
    shelf = {product.id: product for product in products}
    if not shelf:
        nothing = FeedIssue(WHOLE_FILE, "holds no product that can be sold")
        raise CatalogError(path, (nothing, *report.problems()))
    drawn = repr((shop.id, shop.name, shop.tagline, shop.brand, *shelf.values()))
    digest = hashlib.sha256(drawn.encode()).hexdigest()[:16]
    return shop._replace(products=MappingProxyType(shelf), digest=digest)


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise InvalidProduct("is not a file")
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise InvalidProduct(f"is larger than {LARGEST_FILE // 1024 // 1024} MiB")
    if not content.strip():
        raise InvalidProduct("is empty")
    if b"\0" in content:
        raise InvalidProduct("is a binary file")
    return content


def _error(path: Path, reason: str, line: int = WHOLE_FILE) -> CatalogError:
    return CatalogError(path, (FeedIssue(line, reason),))
