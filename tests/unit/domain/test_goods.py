"""The products of a shop: what takes a look at all of them is made once."""

from __future__ import annotations

import pytest

from app.domain.catalog import Goods
from tests.support.factories import product, shop

ITEMS = {
    "cup": product("cup", category="Cups"),
    "lamp": product("lamp", category="Lamps", available=False),
    "mug": product("mug", category="Cups"),
}


def test_goods_are_products_by_id_in_the_catalogs_order_and_cannot_be_changed() -> None:
    goods = Goods(ITEMS)
    assert dict(goods) == ITEMS
    assert [*goods.values()] == [*ITEMS.values()]
    assert "none" not in goods
    with pytest.raises(TypeError):
        goods["other"] = ITEMS["cup"]  # type: ignore[index]


def test_what_is_made_of_all_goods_is_made_once_for_them_and_anew_for_others() -> None:
    looks: list[str] = []

    def look() -> int:
        looks.append("look")
        return len(looks)

    sold = shop()._replace(products=Goods(ITEMS))
    renamed = sold._replace(name="Other")
    assert [sold.derived("x", look), renamed.derived("x", look), sold.derived("y", look)] == [
        1,
        1,
        2,
    ]
    assert sold._replace(products=Goods(ITEMS)).derived("x", look) == 3


def test_what_is_kept_of_goods_is_bounded() -> None:
    goods, looks = Goods(ITEMS), []
    goods.derived("first", lambda: looks.append(1))
    for at in range(1_000):
        goods.derived(at, lambda: None)
    goods.derived("first", lambda: looks.append(2))
    assert looks == [1, 2]


def test_a_shops_categories_are_those_of_its_goods() -> None:
    sold = shop()._replace(products=Goods(ITEMS))
    assert sold.categories() == ("Cups", "Lamps")
    assert sold.stocked() == {"Cups"}
    assert [item.id for item in sold.shelves()["Cups"]] == ["cup", "mug"]
    assert sold.everything() == tuple(ITEMS.values())
