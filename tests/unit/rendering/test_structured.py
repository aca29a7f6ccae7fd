"""What pages say of themselves: JSON-LD and Open Graph as a library reads them, Markdown likewise."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from html import unescape
from typing import Any

import html5lib
import pytest
from markdown_it import MarkdownIt
from pyld import jsonld

from app.catalog.listing import ListingQuery, filter_products
from app.content.site import read_site
from app.domain.catalog import Money, Picture, Product, Shop, Variant
from app.pages.shells import build_shop_view
from app.pages.site import build_renderer
from app.rendering.markdown import escape
from app.settings import read_settings
from tests.support.factories import product, shop

PUBLIC = "https://shop.example"
CONTENT = read_site(read_settings({"WANDSTORE_PUBLIC_URL": PUBLIC}))
RENDERER, RELATIVE = build_renderer(CONTENT), build_renderer(CONTENT._replace(public_url=""))
DEMO = CONTENT.catalogs.default
SCHEMA = "https://schema.org/"
HOSTILE = '</script><script>alert(1)</script> & "quoted" \u2028 <!-- é'
REQUIRED = {
    "Organization": {"name"},
    "Product": {"name", "url", "offers", "productID"},
    "Offer": {"price", "priceCurrency", "availability", "url"},
    "BreadcrumbList": {"itemListElement"},
    "ItemList": {"itemListElement", "numberOfItems"},
    "ListItem": {"position", "name"},
    "Brand": {"name"},
}
"""What a search engine asks of each type."""


def nodes(html: str) -> list[dict[str, Any]]:
    """Return the nodes of a page's JSON-LD, each term expanded to its address."""
    tree = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    texts = [
        str(found.text)
        for found in tree.iter("script")
        if found.get("type") == "application/ld+json"
    ]
    assert len(texts) == 1
    document = json.loads(texts[0])
    assert document["@context"] == "https://schema.org"
    expanded = jsonld.expand(
        {**document, "@context": {"@vocab": SCHEMA}}, {"base": f"{PUBLIC}/store"}
    )
    found: list[dict[str, Any]] = list(expanded)
    return found


def of_type(html: str, kind: str) -> dict[str, Any]:
    found = [node for node in nodes(html) if node["@type"] == [SCHEMA + kind]]
    assert len(found) == 1
    return found[0]


def value(node: dict[str, Any], name: str) -> Any:
    (found,) = node[SCHEMA + name]
    return found.get("@value", found)


def every(node: Any) -> list[dict[str, Any]]:
    """Return a node and all that are within it."""
    if isinstance(node, list):
        return [found for item in node for found in every(item)]
    if not isinstance(node, dict):
        return []
    within = [found for item in node.values() for found in every(item)]
    return [node, *within] if "@type" in node else within


def previews(html: str) -> dict[str, str]:
    return {
        name: unescape(content)
        for name, content in re.findall(r'<meta property="og:([\w:]+)" content="([^"]*)">', html)
    }


def pages(sold: Shop, item: Product) -> dict[str, str]:
    view = build_shop_view(sold, CONTENT, RENDERER)
    return {
        "store": RENDERER.store_page(sold, "newcomer", view.fallbacks),
        "listing": RENDERER.listing_page(
            sold, filter_products(sold, ListingQuery(item.category, page=1))
        ),
        "product": RENDERER.product_page(sold, item, []),
    }


@pytest.mark.parametrize("text", ["Plain", HOSTILE])
def test_every_page_says_what_it_is_in_words_that_search_engines_ask_for(text: str) -> None:
    item = product("p", title=text, vendor=text, description=text, category=text)
    sold = shop(item)._replace(name=text, tagline=text)
    for html in pages(sold, item).values():
        found = [part for node in nodes(html) for part in every(node)]
        assert found
        for node in found:
            kind = node["@type"][0].removeprefix(SCHEMA)
            assert {SCHEMA + name for name in REQUIRED[kind]} <= node.keys(), kind
        names = [value(node, "name") for node in found if SCHEMA + "name" in node]
        assert text in names
        assert html.count("</script>") == len(re.findall(r"<script", html))
        assert "\u2028" not in html.split("ld+json")[1].split("</script>")[0]


def test_a_product_is_offered_at_its_price_under_its_address() -> None:
    item = next(item for item in DEMO.products.values() if not item.variants)
    offer = value(of_type(RENDERER.product_page(DEMO, item, []), "Product"), "offers")
    assert Decimal(value(offer, "price")) == item.price.amount
    assert value(offer, "priceCurrency") == item.price.currency
    assert value(offer, "url") == f"{PUBLIC}/products/{item.id}"
    out = RENDERER.product_page(DEMO, item._replace(available=False), [])
    sold_out = value(of_type(out, "Product"), "offers")
    assert [value(node, "availability") for node in (offer, sold_out)] == [
        "https://schema.org/InStock",
        "https://schema.org/SoldOut",
    ]


def test_what_is_not_new_says_so_and_nothing_else_is_called_new() -> None:
    plain = next(item for item in DEMO.products.values() if not item.variants)
    for condition in ("", "Used", "Refurbished"):
        item = plain._replace(condition=condition)
        page = RENDERER.product_page(DEMO, item, [])
        offer = value(of_type(page, "Product"), "offers")
        stated = value(offer, "itemCondition") if condition else ""
        assert stated == (f"https://schema.org/{condition}Condition" if condition else "")
        assert ("itemCondition" in page) == bool(condition)
        assert (f"<p>{condition}</p>" in page) == bool(condition)
        assert (f"- {condition}\n" in RENDERER.markdown(DEMO).product(item, [])) == bool(condition)


def test_every_variant_is_an_offer_whichever_is_chosen() -> None:
    forms = tuple(
        Variant(
            f"v{at}", ("Oak", size), Money(Decimal(price), "EUR"), at != 1, stock=0, backorder=True
        )
        for at, (size, price) in enumerate([("S", "10"), ("L", "20")])
    )
    wide = Picture("https://img.example/wide.jpg", "Wide")
    forms = (forms[0], forms[1]._replace(picture=wide))
    item = product("p", variants=forms, varies=True)
    sold = shop(item)
    page = RENDERER.product_page(sold, item, [], forms[0])
    assert '<p class="stock">Available to order</p>' in page
    assert "In stock" not in page
    assert "- Available to order" in RENDERER.markdown(sold).product(item, [])
    offers = of_type(page, "Product")[SCHEMA + "offers"]
    named = ("sku", "name", "price", "availability")
    assert [tuple(value(node, name) for name in named) for node in offers] == [
        ("v0", "Oak / S", "10", "https://schema.org/BackOrder"),
        ("v1", "Oak / L", "20", "https://schema.org/SoldOut"),
    ]
    assert value(offers[1], "url") == f"{PUBLIC}/s/test/products/p?variant=v1"
    assert value(offers[1], "image") == wide.url
    other = RENDERER.product_page(sold, item, [], forms[1])
    assert of_type(other, "Product") == of_type(page, "Product")


def test_options_that_a_feed_names_in_english_are_named_in_the_shops_language() -> None:
    forms = tuple(
        Variant(size, ("Rot", size), Money(Decimal(9), "EUR"), available=True) for size in "SL"
    )
    item = product("p", variants=forms, option_names=("Color", "Size"))
    german = RENDERER.product_page(shop(item)._replace(locale="de"), item, [])
    assert "<legend>Farbe: \u2068Rot\u2069, Größe</legend>" in german
    assert "<legend>Color: \u2068Rot\u2069, Size</legend>" in RENDERER.product_page(
        shop(item), item, []
    )


def test_a_preview_ends_with_a_word_where_the_text_has_some() -> None:
    long = [product("p", description=text) for text in ("word " * 50, "語" * 200)]
    found = [previews(pages(shop(item), item)["product"])["description"] for item in long]
    assert found == ["word " * 30 + "word…", "語" * 159 + "…"]


def test_a_listing_counts_on_from_page_to_page() -> None:
    many = shop(*(product(f"p{at:03}") for at in range(60)))
    listing = filter_products(many, ListingQuery(page=2))
    listed = of_type(RENDERER.listing_page(many, listing), "ItemList")
    entries = listed[SCHEMA + "itemListElement"]
    assert value(listed, "numberOfItems") == 60
    assert [value(node, "position") for node in entries][:2] == [25, 26]
    assert value(entries[0], "url") == f"{PUBLIC}/s/test/products/p024"


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        (ListingQuery("Lamps"), "/store?category=Lamps"),
        (ListingQuery("Lamps", "price-asc"), "/store?category=Lamps"),
        (ListingQuery(sort="name", page=2), "/store?page=2"),
        (ListingQuery("Lamps", query="lamp"), None),
        (ListingQuery("No such thing"), None),
    ],
)
def test_a_listing_has_one_address_in_whatever_order_and_a_search_none(
    asked: ListingQuery, canonical: str | None
) -> None:
    html = RENDERER.listing_page(DEMO, filter_products(DEMO, asked))
    found = re.findall(r'<link rel="canonical" href="([^"]+)">', html)
    assert [unescape(address) for address in found] == (
        [f"{PUBLIC}{canonical}"] if canonical else []
    )
    assert ('content="noindex"' in html) == (canonical is None)


def test_a_shared_product_shows_its_picture_and_a_shop_its_name() -> None:
    item = next(item for item in DEMO.products.values() if item.picture)
    html = pages(DEMO, item)
    shared = previews(html["product"])
    assert item.picture
    assert shared["image"] == f"{PUBLIC}{item.picture.url}"
    assert shared["image:alt"] == item.picture.alt
    assert shared["url"] == f"{PUBLIC}/products/{item.id}"
    assert previews(html["store"])["site_name"] == DEMO.name
    assert previews(html["store"])["url"] == f"{PUBLIC}/store"


def test_without_a_public_address_none_is_made_up() -> None:
    item = product("p", picture=Picture("https://img.example/p.jpg", "A cup"))
    own = RELATIVE.product_page(DEMO, next(iter(DEMO.products.values())), [])
    assert "canonical" not in own
    assert {"url", "image"}.isdisjoint(previews(own))
    assert (
        previews(RELATIVE.product_page(shop(item), item, []))["image"]
        == "https://img.example/p.jpg"
    )
    assert PUBLIC not in own


def test_a_message_is_neither_indexed_nor_described() -> None:
    html = RENDERER.message_page(DEMO, "Not here any more", "")
    assert "ld+json" not in html
    assert "canonical" not in html


# ------------------------------------------------------------------ Markdown


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "*bold* _it_ `code` [a](b) ![x](y) # 1", "1. one", "- item", "a | b", "\\*", "~~x~~"],
)
def test_a_feeds_texts_mean_nothing_in_markdown(text: str) -> None:
    assert text.replace("\u2028", " ") in unescape(MarkdownIt().render(escape(text))).replace(
        "\u2028", " "
    )


def test_a_product_as_markdown_says_what_its_page_says() -> None:
    item = next(item for item in DEMO.products.values() if item.variants)
    html = MarkdownIt().render(RENDERER.markdown(DEMO).product(item, [item]))
    assert f"<h1>{item.title}</h1>" in html
    for form in item.variants:
        assert ", ".join(form.values) in html
    assert item.description in unescape(html)
    assert f'<a href="{PUBLIC}/products/{item.id}">{item.title}</a>' in html


def test_a_listing_as_markdown_leads_to_its_products_and_its_other_pages() -> None:
    many = shop(*(product(f"p{at:03}", available=at % 2 == 0) for at in range(60)))
    listing = filter_products(many, ListingQuery(sort="name", page=2))
    html = MarkdownIt().render(RENDERER.markdown(many).listing(listing))
    assert html.count("/s/test/products/") == 24
    assert html.count("sold out") == 12
    assert f'<a href="{PUBLIC}/s/test?sort=name">Previous</a>' in html
    assert f'<a href="{PUBLIC}/s/test?sort=name&amp;page=3">Next</a>' in html
