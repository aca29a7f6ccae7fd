"""A catalog that changes on the disk while the shop is open."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.catalog import Goods
from tests.support.shopper_client import Shopper, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

StartServer = Callable[..., Server]
QUICKLY = {"WANDSTORE_CATALOG_SECONDS": "0.02", "WANDSTORE_HOUSE_PACE": "0"}


def catalog(price: str = "12.00", brand: str = "#102030", shop_id: str = "corner") -> str:
    goods = [
        {"id": f"jug-{at}", "title": f"Jug {at}", "price": price, "category": "Jugs"}
        for at in range(12)
    ]
    shop = {"id": shop_id, "name": "Corner", "currency": "EUR", "brand": {"primary_color": brand}}
    return json.dumps({"shop": shop, "products": goods})


def put(path: Path, text: str) -> None:
    """Write a file that nobody sees half of."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "catalogs"
    path.mkdir()
    put(path / "a.json", catalog())
    return path


def health(server: Server) -> dict[str, Any]:
    answered: dict[str, Any] = http.get(f"{server.url}/health").json()
    return answered


def product(server: Server, path: str = "/products/jug-1") -> str:
    return http.get(f"{server.url}{path}").text


def test_a_new_price_is_on_product_listing_and_kept_page_without_a_restart(
    serve: StartServer, folder: Path
) -> None:
    server = serve(WANDSTORE_CATALOG=str(folder / "a.json"), **QUICKLY)
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        assert "€12.00" in shopper.store().text
        put(folder / "a.json", catalog(price="15.50"))
        eventually(lambda: "€15.50" in product(server))
        kept = shopper.store()
        assert kept.headers["x-wandstore-page"] == "redrawn"
        assert "€15.50" in kept.text
        assert "€12.00" not in kept.text
        assert "€15.50" in shopper.store("/store?category=Jugs").text


def test_a_rule_of_the_merchants_that_changes_is_on_the_kept_page_without_a_restart(
    serve: StartServer, folder: Path
) -> None:
    server = serve(WANDSTORE_CATALOG=str(folder), **QUICKLY)
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        assert "Jug 1<" in shopper.store().text
        put(folder / "a.merchandising.toml", "[[rule]]\nexclude = 'jug-1'")
        eventually(lambda: "Jug 1<" not in shopper.store().text)
        assert "Jug 1<" in product(server), "its own page stays"
        (folder / "a.merchandising.toml").unlink()
        eventually(lambda: "Jug 1<" in shopper.store().text)


def test_a_file_that_comes_is_a_shop_and_one_that_goes_is_none(
    serve: StartServer, folder: Path
) -> None:
    server = serve(WANDSTORE_CATALOG=str(folder), **QUICKLY)
    assert http.get(f"{server.url}/s/late").status_code == 404
    put(folder / "b.json", catalog(shop_id="late"))
    eventually(lambda: http.get(f"{server.url}/s/late").status_code == 200)
    (folder / "b.json").unlink()
    eventually(lambda: http.get(f"{server.url}/s/late").status_code == 404)
    assert http.get(f"{server.url}/s/corner").status_code == 200


def test_a_file_gone_bad_leaves_the_last_good_catalog_and_is_told_once_and_in_health(
    serve: StartServer, folder: Path
) -> None:
    server = serve(WANDSTORE_CATALOG=str(folder), **QUICKLY)
    assert health(server)["checks"]["catalog"] == "ok"
    put(folder / "a.json", catalog(price="15.50")[:-9])
    put(folder / "b.json", catalog(shop_id="late"))
    eventually(lambda: health(server)["status"] == "degraded")
    assert health(server)["checks"]["catalog"].startswith("failed: a.json: column")
    assert "€12.00" in product(server), "the last good one"
    eventually(lambda: "€12.00" in product(server, "/s/late/products/jug-1"))
    put(folder / "b.json", catalog(price="3.00", shop_id="late"))
    eventually(lambda: "€3.00" in product(server, "/s/late/products/jug-1"))
    assert server.log.count("a.json is sold from as it was before") == 1
    put(folder / "a.json", catalog(price="15.50"))
    eventually(lambda: "€15.50" in product(server))
    assert health(server)["checks"]["catalog"] == "ok"


def test_a_sale_ends_while_the_shop_is_open_although_no_file_changes(
    serve: StartServer, tmp_path: Path
) -> None:
    ends = datetime.fromtimestamp(time.time() + 2, UTC).isoformat()
    head = "id\ttitle\tprice\tsale_price\tsale_price_effective_date\n"
    row = f"jug-1\tJug\t12 EUR\t9 EUR\t2020-01-01/{ends}\n"
    put(tmp_path / "a.tsv", head + row)
    server = serve(WANDSTORE_CATALOG=str(tmp_path / "a.tsv"), **QUICKLY)
    eventually(lambda: "€12.00" in product(server) and "€9.00" not in product(server))


def test_a_catalog_that_is_gone_leaves_the_shop_as_it_was(serve: StartServer, folder: Path) -> None:
    server = serve(WANDSTORE_CATALOG=str(folder), **QUICKLY)
    (folder / "a.json").unlink()
    eventually(lambda: "the folder holds no catalog" in health(server)["checks"]["catalog"])
    assert "€12.00" in product(server)
    put(folder / "a.json", catalog(price="15.50"))
    eventually(lambda: "€15.50" in product(server))


def test_a_colour_of_one_shop_leaves_the_pages_of_the_others_as_they_are(
    serve: StartServer, folder: Path
) -> None:
    put(folder / "b.json", catalog(shop_id="late"))
    server = serve(WANDSTORE_CATALOG=str(folder), **QUICKLY)
    with Shopper(server) as shopper:
        for path in ("/s/corner", "/s/late"):
            shopper.follow(stream_of(shopper.store(path).text))
        late = shopper.store("/s/late").text
        put(folder / "a.json", catalog(brand="#a0b0c0"))
        eventually(lambda: "#a0b0c0" in http.get(brand_of(server, "/s/corner")).text)
        assert shopper.store("/s/corner").headers["x-wandstore-page"] == "redrawn"
        unmoved = shopper.store("/s/late")
    assert unmoved.headers["x-wandstore-page"] == "kept"
    assert unmoved.text == late


def brand_of(server: Server, path: str) -> str:
    """Return the address of the brand that a shop's page links to."""
    page = http.get(f"{server.url}{path}").text
    name = page.partition('href="/static/brand-')[2].partition('"')[0]
    return f"{server.url}/static/brand-{name}"


def test_a_catalog_goes_once_there_is_another(serve: StartServer, folder: Path) -> None:
    def copies() -> int:
        gc.collect()
        return sum(type(it) is Goods and "here-alone" in it for it in gc.get_objects())

    once = catalog().replace("jug-11", "here-alone")
    put(folder / "a.json", once)
    server = serve(WANDSTORE_CATALOG=str(folder / "a.json"), **QUICKLY)
    put(folder / "a.json", once.replace("12.00", "13.00"))
    eventually(lambda: "€13.00" in product(server))
    eventually(lambda: copies() == 1)
