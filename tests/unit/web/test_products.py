"""What stands beside a product."""

from __future__ import annotations

from app.domain.catalog import Goods
from app.web.products import related
from tests.support.factories import product, shop

CUP = product("cup", category="Cups", tags=("blue", "small"))


def test_the_nearest_come_first_and_what_is_sold_out_last() -> None:
    sold = shop(
        product("lamp", category="Lamps", tags=("blue", "small")),
        product("gone", category="Cups", tags=("blue", "small"), available=False),
        CUP,
        product("mug", category="Cups"),
        product("jug", category="Cups", tags=("blue",)),
        product("pot", category="Pots"),
    )
    assert [item.id for item in related(CUP, sold)] == ["jug", "mug", "lamp", "pot", "gone"]


def test_in_a_large_shop_every_product_stands_among_others_of_its_category() -> None:
    items = [
        product(f"p{at}", category=f"Shelf {at % 3}", available=at % 5 > 0) for at in range(3_000)
    ]
    sold = shop(*items)
    sold = sold._replace(products=Goods(sold.products))
    chosen = {item.id: related(item, sold) for item in items[:300]}
    for item in items[:300]:
        others = chosen[item.id]
        assert len(others) == 6
        assert all(other.available and other.category == item.category for other in others)
        assert item not in others
        assert related(item, sold) == others, "always the same"
    assert len({other.id for others in chosen.values() for other in others}) > 300
