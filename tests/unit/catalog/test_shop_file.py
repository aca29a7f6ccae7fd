"""A file beside a feed that says whose it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.catalog.load import load_catalogs
from app.catalog.problems import CatalogError
from app.catalog.shop_file import is_shop_file
from app.domain.catalog import Consent
from tests.support.catalogs import ReadJson, Write

CSV = "Handle,Title,Variant Price\nmug,Mug,9\n"
XML = "<rss><channel><item><id>jug</id><title>Jug</title><price>1</price></item></channel></rss>"
JSON = json.dumps(
    {
        "shop": {"id": "own", "name": "Own", "tagline": "Ours"},
        "products": [{"id": "cup", "title": "Cup", "price": 2}],
    }
)
MUG = {"id": "mug", "title": "Mug", "price": 9}
CORNER = {
    "id": "corner",
    "name": "Corner",
    "currency": "SEK",
    "locale": "sv",
    "brand": {"primary_color": "#102030"},
}


@pytest.mark.parametrize(("feed", "text"), [("a.csv", CSV), ("a.xml", XML), ("a.json", JSON)])
@pytest.mark.parametrize("name", ["shop.json", "a.shop.json"])
def test_it_names_the_shop_of_any_feed(
    write: Write, tmp_path: Path, feed: str, text: str, name: str
) -> None:
    write(feed, text)
    write(name, json.dumps(CORNER))
    for path in (tmp_path, tmp_path / feed):
        shop = load_catalogs(path).default
        assert (shop.id, shop.name, shop.locale) == ("corner", "Corner", "sv")
        assert shop.brand.primary_color == "#102030"
        assert {item.price.currency for item in shop.products.values()} == {"SEK"}
        assert load_catalogs(path).problems == {"corner": ()}


def test_what_it_does_not_say_the_feed_says(write: Write, tmp_path: Path) -> None:
    write("a.json", JSON)
    write("shop.json", '{"name": "Corner"}')
    shop = load_catalogs(tmp_path).default
    assert (shop.id, shop.name, shop.tagline) == ("own", "Corner", "Ours")


def test_of_several_feeds_each_has_its_own(write: Write, tmp_path: Path) -> None:
    write("a.csv", CSV)
    write("b.csv", CSV)
    write("b.shop.json", json.dumps(CORNER))
    write("shop.json", '{"name": "Nobody\'s"}')
    assert {shop.name for shop in load_catalogs(tmp_path).shops.values()} == {"A", "Corner"}


def test_a_catalog_that_is_called_shop_json_sells(write: Write, tmp_path: Path) -> None:
    write("a.csv", CSV)
    write("shop.json", JSON)
    assert list(load_catalogs(tmp_path).shops) == ["a", "own"]
    assert load_catalogs(tmp_path / "a.csv").default.name == "A"
    assert load_catalogs(tmp_path / "shop.json").default.name == "Own"


def test_one_that_is_no_object_is_named(write: Write, tmp_path: Path) -> None:
    write("a.csv", CSV)
    write("shop.json", "[]")
    with pytest.raises(CatalogError, match=r"shop\.json is skipped: column 1"):
        load_catalogs(tmp_path)


def test_its_keys_that_are_not_read_are_named(write: Write, tmp_path: Path) -> None:
    write("a.csv", CSV)
    write("shop.json", '{"title": "Corner"}')
    (problem,) = load_catalogs(tmp_path).problems["a"]
    assert problem.reason == "shop: the key 'title' is not read"


def test_one_that_changes_is_read_again(write: Write, tmp_path: Path) -> None:
    write("a.csv", CSV)
    before = load_catalogs(tmp_path)
    write("shop.json", json.dumps(CORNER))
    assert load_catalogs(tmp_path, known=before.sources).default.name == "Corner"


def test_a_shop_says_what_may_be_kept_of_its_shoppers(read_json: ReadJson) -> None:
    assert read_json(MUG).shop.consent == Consent("personalise", "", "")
    read = read_json(MUG, consent="none", consent_cookie="CookieConsent=statistics:true")
    assert read.shop.consent == Consent("none", "CookieConsent", "statistics:true")
    assert read.problems == ()


@pytest.mark.parametrize("consent", ["all", "None", 1, True, None])
def test_what_may_be_kept_is_only_the_essential_where_it_cannot_be_read(
    read_json: ReadJson, consent: object
) -> None:
    assert read_json(MUG, consent=consent).shop.consent.level == "essential"


@pytest.mark.parametrize("cookie", ["choice", "=yes", "choice=", "a b=c", "choice=a;b", "ch=a b"])
def test_a_cookie_of_a_banner_that_cannot_be_one_is_reported(
    read_json: ReadJson, cookie: str
) -> None:
    read = read_json(MUG, consent="none", consent_cookie=cookie)
    assert read.shop.consent == Consent("none", "", "")
    assert [problem.reason for problem in read.problems] == [
        f"shop: consent_cookie {cookie!r} cannot be used"
    ]


def test_a_pipe_is_no_shop_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "shop.json")
    assert not is_shop_file(tmp_path / "shop.json")
