"""One feed a language: a feed beside another says its goods in other words, and nothing else."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from app.catalog.load import load_catalogs, stamps
from app.domain.catalog import Shop
from tests.support.catalogs import Write
from tests.support.fake_shopify import FakeShopify, variant

HEADER = "Handle,Title,Body (HTML),Type,Tags,Option1 Name,Option1 Value,Variant Price,Variant SKU"
ENGLISH = f"""{HEADER}
mug,Mug,Thick.,Cups,"new, gift",Size,Small,9,
mug,,,,,,Large,12,
jug,Jug,Tall.,Cups,,Title,Default Title,20,
"""
GERMAN = f"""{HEADER}
jug,Krug,Hoch.,Tassen,,Title,Default Title,99,
mug,Becher,Dick.,Tassen,"neu, Geschenk",Größe,Klein,9,
mug,,,,,,Groß,12,
pot,Topf,,Tassen,,Title,Default Title,1,
"""


def xml(title: str, kind: str, size: str, price: str = "12.00 EUR") -> str:
    return f"""<rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Corner</title><item>
    <g:id>11</g:id><g:item_group_id>mug</g:item_group_id><g:size>{size}</g:size>
    <g:title>{title}</g:title><g:price>{price}</g:price><g:product_type>{kind}</g:product_type>
    <g:image_link>https://a.example/mug.jpg</g:image_link></item></channel></rss>"""


def as_sold(shop: Shop) -> list[object]:
    """Return what no language may change."""
    return [
        (item.id, item.price, item.stock, item.available, form.id, form.price)
        for item in shop.products.values()
        for form in item.forms()
    ]


def test_what_has_no_category_is_called_so_in_the_language_of_the_shop(
    write: Write, tmp_path: Path
) -> None:
    plain = "Handle,Title,Variant Price\nmug,Mug,9\n"
    for name in ("corner.csv", "corner.en.csv", "corner.ja.csv"):
        write(name, plain)
    write("corner.shop.json", '{"locale": "de-AT"}')
    shops = load_catalogs(tmp_path).shops.values()
    assert [shop.categories() for shop in shops] == [("Alles",), ("Everything",), ("すべて",)]


def test_a_table_beside_another_is_the_same_shop_in_its_language(
    write: Write, tmp_path: Path
) -> None:
    write("corner.csv", ENGLISH)
    write("corner.de.csv", GERMAN)
    about = {"name": "Die Ecke", "tagline": "Bleibt.", "brand": {"tone": "ruhig"}}
    write("corner.de.shop.json", json.dumps(about))
    for path in (tmp_path, tmp_path / "corner.csv"):
        catalogs = load_catalogs(path, currency="EUR")
        english, german = catalogs.shops.values()
        assert catalogs.default is english
        assert (english.id, english.store) == ("corner", "corner")
        assert (german.id, german.store, german.locale) == ("corner-de", "corner", "de")
        assert (german.name, german.tagline, german.brand.tone) == ("Die Ecke", "Bleibt.", "ruhig")
        assert as_sold(german) == as_sold(english)
    mug, jug = german.products.values()
    assert (mug.title, mug.description, mug.category) == ("Becher", "Dick.", "Tassen")
    assert (mug.option_names, mug.options) == (("Größe",), ("Klein", "Groß"))
    assert jug == english.products["jug"]._replace(
        title="Krug", description="Hoch.", category="Tassen"
    )
    assert german.tag_names == {"new": "neu", "gift": "Geschenk"}
    (problem,) = catalogs.problems["corner"]
    assert (problem.file, problem.product) == ("corner.de.csv", "pot")
    assert problem.reason == "1 products have ids of which the feed itself sells none"


def test_a_merchant_feed_and_a_stores_lines_are_translated_likewise(
    write: Write, tmp_path: Path
) -> None:
    write("a.xml", xml("Mug", "Home &gt; Cups", "Small"))
    write("a.fr.xml", xml("Tasse", "Maison &gt; Tasses", "Petit", "99.00 EUR"))
    for name, title, size in (("b.jsonl", "Mug", "Large"), ("b.pt-BR.jsonl", "Caneca", "Grande")):
        store = FakeShopify()
        forms = (variant(11, "9.00", 1, size), variant(12, "9.00", 1, f"X {size}"))
        store.put(1, title, *forms, handle="mug")
        write(name, store.lines())
    catalogs = load_catalogs(tmp_path)
    assert list(catalogs.shops) == ["a", "b", "a-fr", "b-pt-br"]
    assert not any(catalogs.problems.values())
    for ours, theirs in (("a", "a-fr"), ("b", "b-pt-br")):
        assert as_sold(catalogs.shops[theirs]) == as_sold(catalogs.shops[ours])
    french, portuguese = (catalogs.shops[name].products["mug"] for name in ("a-fr", "b-pt-br"))
    assert (french.title, french.category, french.options) == ("Tasse", "Tasses", ("Petit",))
    assert (portuguese.title, portuguese.options) == ("Caneca", ("Grande", "X Grande"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "de is left out: is empty"),
        ("Handle,Title\nmug,Becher\n", "de is left out: holds no product that can be sold"),
    ],
)
def test_a_language_that_cannot_be_read_costs_itself(write: Write, text: str, reason: str) -> None:
    path = write("corner.csv", ENGLISH)
    write("corner.de.csv", text)
    catalogs = load_catalogs(path)
    assert list(catalogs.shops) == ["corner"]
    problem = catalogs.problems["corner"][0]
    assert (problem.reason, problem.file) == (reason, "corner.de.csv")


def test_what_is_no_language_of_a_feed_is_a_shop_of_its_own(write: Write, tmp_path: Path) -> None:
    write("corner.csv", ENGLISH)
    write("corner.v2.csv", ENGLISH)
    write("other.de.csv", ENGLISH)
    ours = {"shop": {"id": "ours"}, "products": [{"id": "jug", "title": "Jug", "price": 1}]}
    write("ours.json", json.dumps(ours))
    write("ours.de.csv", ENGLISH)
    shops = ["corner", "corner-v2", "other-de", "ours-de", "ours"]
    assert list(load_catalogs(tmp_path).shops) == shops


def test_a_language_that_comes_changes_or_goes_is_seen(write: Write) -> None:
    path = write("corner.csv", ENGLISH)
    seen = [stamps(path)]
    german = write("corner.de.csv", GERMAN)
    seen.append(stamps(path))
    write("corner.de.csv", f"{GERMAN}\n")
    seen.append(stamps(path))
    write("corner.de.shop.json", "{}")
    seen.append(stamps(path))
    german.unlink()
    seen.append(stamps(path))
    assert all(before != after for before, after in pairwise(seen))
    assert seen[0] == seen[-1]


def test_products_that_a_language_lacks_are_told(write: Write, tmp_path: Path) -> None:
    write("corner.csv", "Handle,Title,Variant Price\nmug,Mug,9\njug,Jug,8\n")
    write("corner.de.csv", "Handle,Title,Variant Price\nmug,Becher,9\n")
    (problem,) = load_catalogs(tmp_path / "corner.csv").problems["corner"]
    assert (problem.file, problem.product) == ("corner.de.csv", "jug")
    assert problem.reason == "1 products are not in it, and stay in the feed's own language"
