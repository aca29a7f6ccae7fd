"""What the kinds of components state is the catalog's, whatever the catalog is like."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from typing import Any

from app.domain.catalog import Money, Picture, Product, Shop, Variant
from app.domain.page import Component, Proposal, Refusal
from app.generation.validate import validate
from app.rendering.renderer import Renderer
from app.rendering.templates import environment
from app.rendering.urls import ShopUrls
from tests.support.factories import product, shop
from tests.support.props import LIBRARY, props_context

RENDERER = Renderer(
    environment(LIBRARY.folder),
    LIBRARY.specs,
    LIBRARY.slots,
    urls_of=lambda sold: ShopUrls(sold.id, "", {}),
    props_context=props_context,
)
TEXT = (
    "It is turned from one piece of oak. The grain runs all the way round, and it is oiled twice."
)


def verdict(kind: str, sold: Shop, **config: object) -> Component | Refusal:
    slot = LIBRARY.specs[kind].slots[0]
    return validate(Proposal(kind, slot, config), LIBRARY.specs, props_context(sold), set())


def drawn(kind: str, sold: Shop, **config: object) -> str:
    found = verdict(kind, sold, **config)
    assert isinstance(found, Component), found
    html = RENDERER.component(found, sold)
    assert isinstance(html, str)
    return html


def words(html: str) -> str:
    """Return what can be read, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def refused(kind: str, sold: Shop, **config: object) -> str:
    found = verdict(kind, sold, **config)
    assert isinstance(found, Refusal), found
    return found.code


# ------------------------------------------------------------------ story


def test_a_story_is_the_catalogs_text_and_of_what_has_one() -> None:
    sold = shop(product("bowl", description=TEXT), product("cup", description="A cup."))
    html = drawn("story", sold, product_id="bowl", title="All the way round")
    first, rest = TEXT.split(". ")
    assert f'<p class="story-opening">{first}.</p>' in html
    assert f'<p class="story-text clamped">{rest}</p>' in html
    assert refused("story", sold, product_id="cup", title="All the way round") == "INVALID_PROP"


def test_a_story_of_what_has_sold_out_says_so() -> None:
    sold = shop(product("bowl", description=TEXT, available=False))
    html = drawn("story", sold, product_id="bowl", title="All the way round")
    assert "story-out" in html
    assert "Sold out" in words(html)


# ------------------------------------------------------------------ bundle


def bundle(*items: Product) -> str:
    ids = [item.id for item in items]
    spare = product("spare")
    return words(drawn("bundle", shop(*items, spare), title="For the evening", product_ids=ids))


def test_a_set_comes_to_what_the_catalog_asks_for_what_is_in_stock() -> None:
    lamp, cup, jar = product("lamp", "19.90"), product("cup", "0.20"), product("jar", "100.00")
    assert bundle(lamp, cup, jar).endswith("Total · 3 pieces €120.10")
    assert bundle(lamp, cup._replace(varies=True)).endswith("Total · 2 pieces from €20.10")
    gone = jar._replace(available=False)
    assert bundle(lamp, cup, gone).endswith("Sold out Total · 2 pieces €20.10")


def test_what_cannot_be_added_up_is_not() -> None:
    abroad = product("cup")._replace(price=Money(Decimal(900), "JPY"))
    assert bundle(product("lamp"), abroad).endswith("¥900 2 pieces")
    gone = [product(name, available=False) for name in ("lamp", "cup")]
    html = drawn("bundle", shop(*gone), title="For the evening", product_ids=["lamp", "cup"])
    assert words(html).endswith("Sold out")
    assert "Total" not in html


# ------------------------------------------------------------------ compare


def in_oak_and_ash(item: Product) -> Product:
    forms = [(wood, wood != "Ash") for wood in ("Oak", "Ash", "Elm")]
    variants = tuple(Variant(wood, (wood,), item.price, there) for wood, there in forms)
    return item._replace(option_names=("Wood",), variants=variants)


def test_a_comparison_states_what_the_catalog_says_of_each() -> None:
    lamp = in_oak_and_ash(product("lamp", "148.00", description=TEXT, vendor="Low Light"))
    cord = product("cord", "9.00", options=("Red", "Blue"))
    html = drawn("compare", shop(lamp, cord), title="Which light", product_ids=["lamp", "cord"])
    said = words(html)
    for fact in ("Low Light", "€148.00", TEXT.split(". ", maxsplit=1)[0], "Wood Oak, Elm"):
        assert fact in said
    assert "Ash" not in said, "it is sold out"
    assert "€9.00 Comes in Red, Blue" in said


def test_only_what_is_of_one_category_is_compared() -> None:
    sold = shop(product("lamp"), product("cord"), product("cup", category="Cups"))
    config: dict[str, Any] = {"title": "Which of them", "product_ids": ["lamp", "cup"]}
    assert refused("compare", sold, **config) == "INVALID_PROP"
    config["product_ids"] = ["lamp", "cord"]
    assert isinstance(verdict("compare", sold, **config), Component)


# ------------------------------------------------------------------ categories


def test_a_category_is_shown_by_what_is_in_stock_with_how_much_there_is() -> None:
    gone = [product(f"cup-{at}", category="Cups", available=False) for at in range(2)]
    plain = product("jar", category="Jars", picture=None)
    lit = product("lamp", picture=Picture("/pictures/lit.svg", "A lit lamp"))
    sold = shop(product("cord", available=False), lit, *gone, plain)
    names = ["Lamps", "Cups", "Jars"]
    html = drawn("categories", sold, title="Shelf by shelf", categories=names)
    assert 'src="/pictures/lit.svg"' in html
    assert words(html).endswith("Lamps 2 pieces Cups Sold out J Jars 1 piece")
    assert [f"category={name}" in html for name in names] == [True] * 3


# ------------------------------------------------------------------ recent


def test_what_was_looked_at_is_shown_as_the_catalog_has_it_now() -> None:
    lamp, cup, jar = product("lamp", "148.00"), product("cup"), product("jar", available=False)
    sold = shop(lamp, cup, jar, *(product(f"p{at}") for at in range(5)))
    html = drawn("recent", sold, product_ids=["lamp", "cup", "jar"])
    assert words(html) == "Looked at lately Lamp €148.00 Cup €10.00 Jar Sold out"
