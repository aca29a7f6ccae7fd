"""One store in several languages: its shops name each other's pages, and lead there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from app.content.site import SiteContent, read_site
from app.pages.shells import build_shop_view
from app.pages.site import build_renderer
from app.settings import read_settings

PUBLIC = "https://shop.example"
CUP, JUG = {"id": "cup", "price": 9}, {"id": "jug", "price": 12}


def site(folder: Path, *, store: str = "corner", jug_price: int = 12) -> SiteContent:
    """Return an English shop and a German one, which lacks the jug, and one of its own."""
    jug = {**JUG, "title": "Jug", "price": jug_price}
    shops = {
        "a": ("en", store, [{**CUP, "title": "Cup"}, jug]),
        "b": ("de", store, [{**CUP, "title": "Tasse"}]),
        "c": ("fr", "", [{**CUP, "title": "Tasse"}]),
    }
    for name, (locale, own, products) in shops.items():
        about = {"id": name, "name": name, "locale": locale, **({"store": own} if own else {})}
        (folder / f"{name}.json").write_text(json.dumps({"shop": about, "products": products}))
    settings = {"WANDSTORE_CATALOG": str(folder), "WANDSTORE_PUBLIC_URL": PUBLIC}
    return read_site(read_settings(settings))


def pages(content: SiteContent, shop_id: str) -> dict[str, str]:
    shop, renderer = content.catalogs.shops[shop_id], build_renderer(content)
    view = build_shop_view(shop, content, renderer)
    drawn = {item.id: renderer.product_page(shop, item, []) for item in shop.products.values()}
    return {"store": renderer.store_page(shop, "newcomer", view.fallbacks), **drawn}


def named(html: str) -> dict[str, str]:
    """Return the addresses that a page gives for languages."""
    found = re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', html)
    assert len(dict(found)) == len(found)
    return dict(found)


def test_pages_of_one_store_name_each_other_and_themselves(tmp_path: Path) -> None:
    content = site(tmp_path)
    english, german = pages(content, "a"), pages(content, "b")
    assert (
        named(english["cup"])
        == named(german["cup"])
        == {
            "en": f"{PUBLIC}/products/cup",
            "de": f"{PUBLIC}/s/b/products/cup",
        }
    )
    assert (
        named(english["store"])
        == named(german["store"])
        == {
            "en": f"{PUBLIC}/store",
            "de": f"{PUBLIC}/s/b",
        }
    )
    for html in (english["cup"], german["cup"]):
        assert re.findall(r'<link rel="canonical" href="([^"]+)">', html)[0] in named(html).values()


def test_what_is_not_there_in_a_language_leads_to_its_store(tmp_path: Path) -> None:
    html = pages(site(tmp_path), "a")["jug"]
    assert named(html) == {}
    assert '<a href="/s/b" hreflang="de" lang="de" dir="ltr">Deutsch</a>' in html


def test_shops_that_are_no_store_together_say_nothing_of_each_other(tmp_path: Path) -> None:
    for html in pages(site(tmp_path), "c").values():
        assert named(html) == {}
        assert "footer-languages" not in html
    assert named(pages(site(tmp_path, store=""), "a")["cup"]) == {}


def test_a_page_is_drawn_anew_when_the_other_language_has_changed(tmp_path: Path) -> None:
    before, after = site(tmp_path), site(tmp_path, jug_price=13)
    shops = {name: (before.catalogs.shops[name], after.catalogs.shops[name]) for name in "abc"}
    same = {
        name: before.digest_of(old) == after.digest_of(new) for name, (old, new) in shops.items()
    }
    assert same == {"a": False, "b": False, "c": True}
