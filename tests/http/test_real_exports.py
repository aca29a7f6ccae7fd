"""Products that shops have exported, where such files are at hand: what a shopper sees of them."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.settings import ROOT
from tests.conftest import StartServer
from tests.support.shopper_client import Shopper

EXPORTS = sorted((ROOT.parent / "shared" / "data").glob("*.csv"))
CHECKOUT = {"type": "template", "address": "https://pay.example/?ids={ids}&many={quantities}"}

pytestmark = pytest.mark.skipif(not EXPORTS, reason="needs exports in ../shared/data")


def goods(export: Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows that have a price, by handle."""
    found = defaultdict(list)
    with export.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["Variant Price"]:
                found[row["Handle"]].append(row)
    return found


def offers(html: str) -> list[dict[str, Any]]:
    """Return what a product's page offers, by what it says to search engines."""
    (said,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    (product,) = (it for it in json.loads(said)["@graph"] if it["@type"] == "Product")
    found = product["offers"]
    return found if isinstance(found, list) else [found]


def test_every_product_and_variant_is_shown_at_its_price_and_can_be_bought(
    serve: StartServer, tmp_path: Path
) -> None:
    folder = tmp_path / "shops"
    folder.mkdir()
    for export in EXPORTS:
        shutil.copy(export, folder)
        about = {"id": export.stem, "currency": "EUR", "checkout": CHECKOUT}
        (folder / f"{export.stem}.shop.json").write_text(json.dumps(about))
    server = serve(WANDSTORE_CATALOG=str(folder), WANDSTORE_PUBLIC_URL="https://shop.example")
    for export in EXPORTS:
        for handle, rows in goods(export).items():
            with Shopper(server) as shopper:
                page = shopper.get(f"/s/{export.stem}/products/{handle}").text
                found = offers(page)
                shown = [Decimal(offer["price"]) for offer in found]
                assert shown == [Decimal(row["Variant Price"]) for row in rows], handle
                left = [offer["availability"].endswith("InStock") for offer in found]
                assert left == [row["Variant Inventory Qty"] != "0" for row in rows], handle
                bought = buy_all(shopper, f"/s/{export.stem}", handle, page)
                assert bought == [
                    offer.get("sku", handle)
                    for offer, there in zip(found, left, strict=True)
                    if there
                ]


def buy_all(shopper: Shopper, shop: str, product: str, page: str) -> list[str]:
    """Put each variant that can be had into the basket, and return what the checkout hears of."""
    usual = re.findall(r'name="variant" value="([^"]+)"', page)
    for name in dict.fromkeys(usual):
        form = {"do": "add", "product": product, "variant": name}
        shopper.post(f"{shop}/basket", data=form, headers={"sec-fetch-site": "same-origin"})
    way = re.search(r'href="([^"]*/checkout\?seen=[0-9a-f]+)"', shopper.get(f"{shop}/basket").text)
    if way is None:
        return []
    sent = parse_qs(urlsplit(shopper.get(way[1]).headers["location"]).query)
    return sent["ids"][0].split(",")
