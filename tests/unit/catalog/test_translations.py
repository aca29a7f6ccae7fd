"""A catalog that is translated: each language is a shop of the same goods, and costs only itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.catalog import translations
from app.catalog.listing import ListingQuery, filter_products
from app.catalog.load import Catalogs, load_catalogs
from app.domain.catalog import Shop
from app.settings import ROOT
from tests.support.catalogs import Write

MUG: dict[str, Any] = {
    "id": "mug",
    "title": "Mug",
    "description": "Thick.",
    "price": 9,
    "category": "Cups",
    "tags": ["new"],
    "image": "https://a.example/mug.jpg",
    "image_alt": "A mug",
    "variants": [
        {"id": "s", "options": {"Size": "Small"}, "image": "https://a.example/small.jpg"},
        {"id": "l", "options": {"Size": "Large"}, "price": 12, "stock": 0},
    ],
}
JUG = {"id": "jug", "title": "Jug", "price": 20, "category": "Cups"}
WORDS = {"Cups": "Tassen", "Size": "Größe", "Small": "Klein", "Large": "Groß", "new": "neu"}
GERMAN = {
    "shop": {
        "name": "Die Ecke",
        "tagline": "Bleibt.",
        "brand": {"tone": "ruhig", "banned_words": ["billig*"], "allowed_claims": ["Bio"]},
    },
    "words": WORDS,
    "products": {"mug": {"title": "Becher", "description": "Dick.", "image_alt": "Ein Becher"}},
}


def read(write: Write, languages: object, **shop: object) -> Catalogs:
    about = {"id": "corner", "name": "Corner", "brand": {"banned_words": ["cheap*"]}, **shop}
    catalog = {"shop": about, "products": [MUG, JUG], "translations": languages}
    return load_catalogs(write("a.json", json.dumps(catalog)))


def reasons(catalogs: Catalogs) -> list[tuple[str, str]]:
    return [(item.reason, item.product) for item in catalogs.problems["corner"]]


def as_sold(shop: Shop) -> list[object]:
    """Return what no language may change."""
    return [
        (item.id, item.price, item.stock, item.available, item.tags, form.id, form.price)
        for item in shop.products.values()
        for form in item.forms()
    ]


def test_a_translation_is_a_shop_of_the_same_goods_in_other_words(write: Write) -> None:
    catalogs = read(write, {"de": GERMAN})
    english, german = catalogs.shops.values()
    assert catalogs.default is english
    assert reasons(catalogs) == []
    assert (german.id, german.locale) == ("corner-de", "de")
    assert (german.name, german.tagline) == ("Die Ecke", "Bleibt.")
    assert german.brand.tone == "ruhig"
    assert german.brand.banned_words == ("cheap*", "billig*")
    assert german.brand.allowed_claims == ("Bio",)
    assert as_sold(german) == as_sold(english)
    assert german.digest != english.digest
    mug = german.products["mug"]
    assert (mug.title, mug.description, mug.category) == ("Becher", "Dick.", "Tassen")
    assert (mug.option_names, mug.options) == (("Größe",), ("Klein", "Groß"))
    assert [form.label for form in mug.variants] == ["Klein", "Groß"]
    assert german.tag_names == {"new": "neu"}
    assert filter_products(german, ListingQuery(query="neue")).total == 1
    assert mug.picture is not None
    assert mug.picture._replace(alt="") == english.products["mug"].picture._replace(alt="")  # type: ignore[union-attr]
    assert mug.picture.alt == "Ein Becher"
    assert mug.variants[0].picture is not None
    assert mug.variants[0].picture.alt == "Becher, Klein"


def test_what_is_not_translated_stays_as_it_is(write: Write) -> None:
    catalogs = read(write, {"de": {"products": {"mug": {"description": "Dick."}}}})
    english, german = catalogs.shops.values()
    assert german.products["jug"] == english.products["jug"]
    mug = german.products["mug"]
    assert (mug.title, mug.description, mug.category) == ("Mug", "Dick.", "Cups")
    assert mug.picture is not None
    assert mug.picture.alt == "A mug"
    assert (german.name, german.brand) == (english.name, english.brand)


@pytest.mark.parametrize(
    ("given", "store"),
    [({}, "corner"), ({"store": "all"}, "all"), ({"store": "All; of=it"}, "all-of-it")],
)
def test_they_are_one_store(write: Write, given: Mapping[str, str], store: str) -> None:
    shops = read(write, {"de": GERMAN, "pt-BR": {}}, **given).shops
    assert {name: shop.store for name, shop in shops.items()} == {
        "corner": store,
        "corner-de": store,
        "corner-pt-br": store,
    }


def test_a_catalog_without_translations_is_no_store_of_several(write: Write) -> None:
    catalogs = read(write, {})
    assert [(shop.id, shop.store) for shop in catalogs.shops.values()] == [("corner", "")]


@pytest.mark.parametrize(
    ("languages", "told"),
    [
        ([], ("translations must be an object, not a list", "")),
        ({"de": "x"}, ("translations: de must be an object, not x", "")),
        ({"!": {}}, ("translations: '!' is no language that the shop is not in already", "")),
        ({"EN": {}}, ("translations: 'EN' is no language that the shop is not in already", "")),
    ],
)
def test_a_language_that_cannot_be_used_costs_itself(
    write: Write, languages: object, told: tuple[str, str]
) -> None:
    both = {**languages, "fr": {}} if isinstance(languages, dict) else languages
    catalogs = read(write, both)
    assert reasons(catalogs) == [told]
    assert list(catalogs.shops) == ["corner", *(["corner-fr"] if both else [])]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"words": {**WORDS, "Cups": 3}},
            ("translations, de: 'Cups' must become text", ""),
        ),
        ({"products": {"cup": {}}}, ("translations, de: nothing of this id is sold", "cup")),
        (
            {"products": {"mug": 3}},
            ("translations, de: is not translated: must be an object, not 3", "mug"),
        ),
        (
            {"products": {"mug": {"title": 3}}},
            ("translations, de: is not translated: title must be text, not 3", "mug"),
        ),
        (
            {"products": {"mug": {"name": "x"}}},
            ("translations, de: the key 'name' is not read", "mug"),
        ),
        ({"product": {}}, ("translations, de: the key 'product' is not read", "")),
        ({"shop": {"nom": "x"}}, ("translations, de, shop: the key 'nom' is not read", "")),
        ({"shop": {"name": 3}}, ("shop: name must be text, not 3", "")),
        (
            {"words": {"Small": "Eins", "Large": "Eins", "Cups": "Tassen"}},
            ("translations, de: keeps its options: two variants would be called the same", "mug"),
        ),
    ],
)
def test_a_bad_part_of_a_language_costs_itself(
    write: Write, changes: Mapping[str, object], told: tuple[str, str]
) -> None:
    catalogs = read(write, {"de": {**GERMAN, **changes}})
    english, german = catalogs.shops.values()
    assert told in reasons(catalogs)
    assert as_sold(german) == as_sold(english)
    assert len({form.values for form in german.products["mug"].variants}) == 2


def test_languages_are_bounded_by_number_and_by_goods(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags: dict[str, object] = {f"{first}{second}": {} for first in "xyz" for second in "abcdef"}
    catalogs = read(write, tags)
    assert len(catalogs.shops) == 1 + translations.MOST_LANGUAGES
    assert len(reasons(catalogs)) == len(tags) - translations.MOST_LANGUAGES
    monkeypatch.setattr(translations, "MOST_PRODUCTS", 6)
    assert list(read(write, tags).shops) == ["corner", "corner-xa", "corner-xb"]
    monkeypatch.setattr(translations, "MOST_PRODUCTS", 2)
    assert list(read(write, tags).shops) == ["corner"]


def test_an_id_that_another_file_has_is_that_files(write: Write, tmp_path: Path) -> None:
    read(write, {"de": GERMAN, "fr": {}})
    own = {"shop": {"id": "corner-de", "name": "Own"}, "products": [JUG]}
    write("b.json", json.dumps(own))
    catalogs = load_catalogs(tmp_path)
    assert list(catalogs.shops) == ["corner", "corner-de", "corner-fr"]
    assert catalogs.shops["corner-de"].name == "Own"
    taken = "translations, de: another shop has the id 'corner-de'"
    assert reasons(catalogs) == [(taken, "")]


def test_an_id_stays_within_what_ids_may_have(write: Write) -> None:
    long = "a" * 40
    catalogs = read(write, {"de": {}, "zh-Hant": {}}, id=long)
    made = [name for name in catalogs.shops if name != long]
    assert made == ["a" * 37 + "-de", "a" * 32 + "-zh-hant"]


def test_the_merchants_rules_hold_in_every_language(write: Write, tmp_path: Path) -> None:
    write("merchandising.toml", '[[rule]]\nboost = ["category:Cups"]\n')
    catalogs = read(write, {"de": GERMAN})
    english, german = catalogs.shops.values()
    assert english.rules
    assert english.rules == german.rules
    assert reasons(catalogs) == []
    before = german.digest
    write("merchandising.toml", '[[rule]]\nbury = ["category:Cups"]\n')
    assert load_catalogs(tmp_path / "a.json").shops["corner-de"].digest != before


def test_the_demo_shop_is_whole_in_german() -> None:
    catalogs = load_catalogs(ROOT / "demo" / "catalog.json")
    english, german = catalogs.shops.values()
    assert (english.id, german.id) == ("demo", "demo-de")
    assert catalogs.default is english
    assert catalogs.problems == {"demo": ()}
    assert as_sold(german) == as_sold(english)
    assert german.products
    for theirs, ours in zip(german.products.values(), english.products.values(), strict=True):
        assert theirs.title != ours.title
        assert theirs.description not in ("", ours.description)
        assert theirs.category != ours.category
        assert not set(theirs.option_names) & set(ours.option_names)
        words = set(theirs.options) & set(ours.options)
        assert all(word.endswith(" cm") for word in words)
        assert theirs.picture is not None
        assert ours.picture is not None
        assert theirs.picture.alt != ours.picture.alt
        assert theirs.picture.url == ours.picture.url
