"""What the benchmarks' pages are made of."""

from __future__ import annotations

import json

from app.settings import ROOT


def ids_and_category() -> tuple[list[str], str]:
    """Return ids of products of the demo shop, and one of its categories."""
    products = json.loads((ROOT / "demo" / "catalog.json").read_text())["products"]
    return [item["id"] for item in products], products[0]["category"]
