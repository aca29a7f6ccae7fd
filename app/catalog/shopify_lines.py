"""The lines that Shopify's bulk query sends: each a product, or a variant of one that it names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from app.catalog.feed_text import FeedText
from app.catalog.problems import Report
from app.catalog.rows import Row

PRODUCT = """
id handle title descriptionHtml vendor productType category { fullName } tags status publishedAt
updatedAt options(first: 3) { name } featuredMedia { alt preview { image { url } } }
"""
VARIANT = """
id legacyResourceId sku price compareAtPrice inventoryQuantity inventoryPolicy
inventoryItem { tracked } selectedOptions { value } image { url }
"""
"""What is asked for of a product, and of each of its variants (Admin API 2026-10)."""

SHOP = "shop"
"""The key of the one line that is ours: what the store says of itself."""

_OWNER = re.compile(rb'"(?:id|__parentId)"\s*:\s*"gid:\\?/\\?/shopify\\?/Product\\?/([0-9]{1,20})"')
_OWNER_TEXT = re.compile(_OWNER.pattern.decode())
_NEVER = datetime.min.replace(tzinfo=UTC)


class Change(NamedTuple):
    """A product as it is now: its lines, none where it is gone, and when it was changed last."""

    lines: bytes = b""
    updated: datetime = _NEVER


class Line(NamedTuple):
    """A line of a file, from 1, and the number of the product that it is of, where it is of one."""

    number: int
    text: str
    product: str


def read_lines(text: FeedText, report: Report) -> Iterator[Line]:
    """Yield the lines that say something, as they are."""
    come = 0
    for number, line in enumerate(text.lines(), 1):
        come += len(line)
        report.reached(text.share(come))
        if line.strip():
            owned = _OWNER_TEXT.search(line)
            yield Line(number, line, owned[1] if owned else "")


def read_row(line: Line, report: Report) -> Row | None:
    """Return the row of a product or variant; a line that is neither costs only itself."""
    node = _object(line.text)
    if node is None:
        report.add(line.number, "is not a JSON object")
    elif "__parentId" in node:
        return Row(line.number, _variant(node), report)
    elif SHOP not in node:
        return Row(line.number, _product(node), report)
    return None


def read_shop(text: FeedText) -> Mapping[str, object]:
    """Return what the store says of itself, in the first line; nothing where it does not."""
    shop = (_object(next(text.lines(), "")) or {}).get(SHOP)
    return shop if isinstance(shop, dict) else {}


def as_lines(product: Mapping[str, object], variants: list[Mapping[str, object]]) -> bytes:
    """Return a product and its variants as a bulk query sends them."""
    parent = {"__parentId": product["id"]}
    nodes = (product, *({**variant, **parent} for variant in variants))
    return b"".join(json.dumps(node, ensure_ascii=False).encode() + b"\n" for node in nodes)


def shop_line(shop: Mapping[str, object]) -> bytes:
    """Return the line in which a store says something of itself."""
    return json.dumps({SHOP: shop}, ensure_ascii=False).encode() + b"\n"


def merge(base: Path, changes: Mapping[str, Change], target: Path, first: bytes = b"") -> None:
    """Write the lines of `base` with these products as they are now, by the numbers of their ids.

    One that `base` has in a later state stays as it is there.
    """
    added = dict(changes)
    kept: set[str] = set()
    with base.open("rb") as old, target.open("wb") as new:
        new.write(first)
        for read in old:
            line = read if read.endswith(b"\n") else read + b"\n"
            number = owner(line)
            change = changes.get(number)
            if change is None or number in kept:
                new.write(line)
            elif number in added:
                if change.lines and updated(line) > change.updated:
                    kept.add(number)
                new.write(line if number in kept else change.lines)
                del added[number]
        new.writelines(change.lines for change in added.values())


def count_lines(file: Path) -> int:
    """Return how many lines are JSON objects."""
    with file.open("rb") as lines:
        return sum(_object(line) is not None for line in lines)


def owner(line: bytes) -> str:
    """Return the number of the product that a line is of; empty where it is of none."""
    found = _OWNER.search(line)
    return found[1].decode() if found else ""


def updated(line: bytes) -> datetime:
    """Return when the product of a line was changed last."""
    return moment((_object(line) or {}).get("updatedAt"))


def moment(text: object) -> datetime:
    """Return the time that an ISO 8601 text names; the earliest of all where it names none."""
    try:
        found = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        return _NEVER
    return found if found.tzinfo else _NEVER


def _object(line: str | bytes) -> dict[str, object] | None:
    """Return the JSON object that a line is; None where it is none."""
    try:
        node = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return node if isinstance(node, dict) else None


def _product(node: Mapping[str, object]) -> dict[str, str]:
    tags, options = _list(node, "tags"), _list(node, "options")
    names = {f"option{at} name": _text(option, "name") for at, option in enumerate(options, 1)}
    published = "" if "publishedAt" not in node else str(node["publishedAt"] is not None)
    return {
        "id": _text(node, "handle"),
        "title": _text(node, "title"),
        "description": _text(node, "descriptionHtml"),
        "vendor": _text(node, "vendor"),
        "type": _text(node, "productType"),
        "product category": _text(node, "category", "fullName"),
        "tags": ",".join(tag for tag in tags if isinstance(tag, str)),
        "status": _text(node, "status"),
        "published": published,
        "image": _text(node, "featuredMedia", "preview", "image", "url"),
        "alt": _text(node, "featuredMedia", "alt"),
        **names,
    }


def _variant(node: Mapping[str, object]) -> dict[str, str]:
    """Return the cells of a variant. What is not tracked is not counted, whatever is said of it."""
    tracked = _text(node, "inventoryItem", "tracked") != "False"
    chosen = enumerate(_list(node, "selectedOptions"), 1)
    return {
        "variant id": _text(node, "legacyResourceId") or _text(node, "id").rpartition("/")[2],
        "sku": _text(node, "sku"),
        "price": _text(node, "price"),
        "compare at": _text(node, "compareAtPrice"),
        "quantity": _text(node, "inventoryQuantity") if tracked else "",
        "when out of stock": _text(node, "inventoryPolicy"),
        "variant image": _text(node, "image", "url"),
        **{f"option{at}": _text(option, "value") for at, option in chosen},
    }


def _text(node: object, *names: str) -> str:
    """Return the text, number or flag at a path; empty where there is none."""
    for name in names:
        node = node.get(name) if isinstance(node, dict) else None
    return str(node).strip() if isinstance(node, str | int | float) else ""


def _list(node: Mapping[str, object], name: str) -> list[object]:
    found = node.get(name)
    return found if isinstance(found, list) else []
