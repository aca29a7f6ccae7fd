from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from app.catalog.images import image_hosts
from app.catalog.load import Catalogs, load_catalogs
from app.domain.catalog import Product

ROOT = Path(__file__).resolve().parents[3]
EXPORTS = ROOT.parent / "shared" / "data"
DEMO = ROOT / "demo" / "catalog.json"

with_exports = pytest.mark.skipif(
    not (EXPORTS / "shopify-apparel.csv").exists(), reason="the real exports are not here"
)
with_demo = pytest.mark.skipif(not DEMO.exists(), reason="the demo catalog is not here")


@pytest.fixture(scope="module")
def exports() -> Catalogs:
    return load_catalogs(EXPORTS)


@pytest.fixture(scope="module")
def home(exports: Catalogs) -> dict[str, Product]:
    return dict(exports.shops["shopify-home-and-garden"].products)


@with_exports
def test_both_exports_are_shops_without_a_problem(exports: Catalogs) -> None:
    assert {shop.id: shop.name for shop in exports.shops.values()} == {
        "shopify-apparel": "Apparel",
        "shopify-home-and-garden": "Home and Garden",
    }
    assert [len(shop.products) for shop in exports.shops.values()] == [20, 20]
    assert set(exports.problems.values()) == {()}
    assert exports.default.name == "Apparel"


@with_exports
def test_a_plant_pot_is_sold_from_the_price_of_its_smaller_size(home: dict[str, Product]) -> None:
    pot = home["clay-plant-pot"]
    assert (pot.price.amount, pot.varies, pot.options) == (
        Decimal("9.99"),
        True,
        ("Regular", "Large"),
    )
    assert pot.description == "Classic blown clay pot for plants"
    assert pot.picture is not None
    assert pot.picture.url.endswith("/single-sprout-in-a-pot_925x.jpg")


@with_exports
def test_a_reduced_sofa_shows_what_it_cost(home: dict[str, Product]) -> None:
    sofa = home["cream-sofa"]
    assert sofa.compare_at is not None
    assert sofa.price.amount == 500
    assert sofa.compare_at.amount == 750
    assert sofa.options == ()


@with_exports
def test_a_quantity_of_nothing_is_sold_out_and_only_what_is_tracked_is_counted(
    home: dict[str, Product],
) -> None:
    assert home["biodegradable-cardboard-pots"].stock == 8
    assert home["grey-sofa"].stock is None
    sold_out = {name for name, product in home.items() if not product.available}
    assert sold_out == {"pink-armchair", "wooden-outdoor-slats"}


@with_exports
def test_clothes_are_sorted_by_their_tags(exports: Catalogs) -> None:
    apparel = exports.shops["shopify-apparel"]
    assert apparel.categories() == ("Men", "Women")
    assert apparel.products["classic-varsity-top"].options == ("Small", "Medium", "Large")
    assert image_hosts(apparel) == {"https://burst.shopifycdn.com"}


@with_demo
def test_every_product_of_the_demo_is_sold() -> None:
    listed = json.loads(DEMO.read_text(encoding="utf-8"))
    catalogs = load_catalogs(DEMO)
    assert list(catalogs.default.products) == [product["id"] for product in listed["products"]]
    assert catalogs.default.name == listed["shop"]["name"]
    assert image_hosts(catalogs.default) == frozenset()
    assert catalogs.problems["demo"] == ()
