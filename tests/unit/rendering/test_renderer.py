"""Drawing: what a template says and no more, whatever copy and catalog hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import html5lib
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from selectolax.lexbor import LexborHTMLParser

from app.catalog.listing import ListingQuery, filter_products
from app.catalog.load import load_catalogs
from app.content.prompts import load_prompts
from app.domain.catalog import Money, Picture, Shop, Variant
from app.domain.page import Component, Proposal, Refusal
from app.generation.rules import House, fallback
from app.generation.validate import validate
from app.rendering.renderer import Renderer, SlotContent
from app.rendering.templates import environment
from app.rendering.urls import ShopUrls
from app.settings import ROOT
from tests.support.cases import each
from tests.support.factories import product, shop
from tests.support.fake_model import SLOTS, component
from tests.support.props import LIBRARY, props_context

PRICE = Money(Decimal(9), "EUR")
DEMO = load_catalogs(ROOT / "demo" / "catalog.json").default
HOUSE = House(LIBRARY.plan, load_prompts(ROOT / "prompts").house_in)
ASSETS = {path.name: f"/{path.name}" for path in (ROOT / "static").iterdir()}
RENDERER = Renderer(
    environment(LIBRARY.folder),
    LIBRARY.specs,
    LIBRARY.slots,
    urls_of=lambda shop: ShopUrls(shop.id, "", ASSETS),
    props_context=props_context,
)
SAMPLES = [(spec.name, sample) for spec in LIBRARY.specs.values() for sample in spec.samples]
COPY_PROPS = [
    (spec.name, name)
    for spec in LIBRARY.specs.values()
    for name, text in spec.samples[0].config.items()
    if isinstance(text, str) and name not in {"product_id", "category", "sort"}
]
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></textarea></style></section>",
    "{{ shop }}{% raw %}",
    "&lt;b&gt; &amp; &#x3c;",
    "<!-- --> <![CDATA[ ]]>",
]


def draw(kind: str, config: dict[str, Any], sold: Shop = DEMO) -> str:
    html = RENDERER.component(Component(kind, LIBRARY.specs[kind].slots[0], config), sold)
    assert isinstance(html, str), html
    return html


def elements(html: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each element as a browser reads it, with the names of its attributes.

    What lies in a template, which is no part of the page yet, is told with the others.
    """
    for item in LexborHTMLParser(html.replace("template>", "span>")).css("*"):
        yield str(item.tag), tuple(sorted(item.attributes))


def addresses(html: str) -> list[str]:
    """Return every address in the HTML."""
    found = (item.attributes for item in LexborHTMLParser(html).css("[href], [src], [action]"))
    named = (item.get(name) for item in found for name in ("href", "src", "action"))
    return [address for address in named if address is not None]


def whole(html: str) -> str:
    """Return a document that html5lib has nothing to say against."""
    html5lib.HTMLParser(strict=True).parse(html)
    return html


# ------------------------------------------------------------------ components


@each(("kind", "sample"), SAMPLES)
def test_every_sample_is_drawn_as_valid_html(kind: str, sample: Any) -> None:
    html = draw(kind, dict(sample.config))
    parser = html5lib.HTMLParser(strict=True)
    parser.parseFragment(html, container="section")
    for copy in (value for value in sample.config.values() if isinstance(value, str)):
        assert copy in unescape(html)


@pytest.mark.parametrize("kind", SLOTS)
def test_drawing_twice_gives_the_same(kind: str) -> None:
    config = component(kind)["config"]
    assert draw(kind, config) == draw(kind, config)


COPY = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Cn", "Co")), min_size=2, max_size=24
)


@cache
def in_plain(kind: str) -> tuple[list[tuple[str, tuple[str, ...]]], list[str]]:
    """Return the elements and the addresses of a component that nothing is wrong with."""
    html = draw(kind, component(kind)["config"])
    return list(elements(html)), addresses(html)


@pytest.mark.parametrize("kind", SLOTS)
@given(data=st.data())
def test_admitted_copy_adds_no_element_no_attribute_and_no_address(
    kind: str, data: st.DataObject
) -> None:
    plain = component(kind)
    texts = [
        name
        for name, field in LIBRARY.specs[kind].props.model_fields.items()
        if field.annotation is str and name not in ("product_id", "category", "sort")
    ]
    config = {**plain["config"], data.draw(st.sampled_from(texts)): data.draw(COPY)}
    verdict = validate(Proposal(kind, kind, config), LIBRARY.specs, props_context(DEMO), set())
    assume(isinstance(verdict, Component))
    assert isinstance(verdict, Component)
    html = draw(kind, dict(verdict.config))
    assert (list(elements(html)), addresses(html)) == in_plain(kind)


@pytest.mark.parametrize(("kind", "name"), COPY_PROPS)
def test_hostile_copy_is_escaped_where_no_rule_refuses_it(kind: str, name: str) -> None:
    spec = LIBRARY.specs[kind]
    props = spec.props.model_validate(dict(spec.samples[0].config), context=props_context(DEMO))
    expected = RENDERER.draw(kind, spec.slots[0], props, DEMO)
    for text in HOSTILE:
        hostile = props.model_copy(update={name: text})
        html = RENDERER.draw(kind, spec.slots[0], hostile, DEMO)
        assert list(elements(html)) == list(elements(expected)), text
        assert addresses(html) == addresses(expected), text


@each("text", HOSTILE)
@each("kind", ["hero", "grid", "recommendations", "filters", "cta"])
def test_hostile_texts_of_a_feed_are_escaped(kind: str, text: str) -> None:
    def sold(words: str) -> Shop:
        return shop(
            *(
                product(
                    f"p{at}",
                    title=words,
                    category=words,
                    vendor=words,
                    description=words,
                    picture=Picture(f"/p/{at}.svg", words),
                )
                for at in range(9)
            )
        )

    def config(words: str) -> dict[str, Any]:
        ids = [f"p{at}" for at in range(8)]
        changes: dict[str, dict[str, Any]] = {
            "hero": {"product_id": "p1"},
            "filters": {"categories": [words]},
            "grid": {"product_ids": ids},
            "recommendations": {"product_ids": ids[:6]},
            "cta": {"category": words},
        }
        return {**component(kind)["config"], **changes[kind]}

    hostile = draw(kind, config(text), sold(text))
    assert list(elements(hostile)) == list(elements(draw(kind, config("Plain"), sold("Plain"))))
    assert "<script" not in hostile
    assert "<img src=x" not in hostile


@pytest.mark.parametrize("name", ["product_id", "category"])
def test_what_is_no_longer_sold_is_refused(name: str) -> None:
    kind = {"product_id": "hero", "category": "cta"}[name]
    config = {**component(kind)["config"], name: "gone"}
    assert RENDERER.component(Component(kind, kind, config), DEMO) == Refusal(
        "NO_LONGER_TRUE", kind
    )


@pytest.mark.parametrize(("kind", "slot"), [("carousel", "hero"), ("hero", "grid"), ("hero", "x")])
def test_a_component_or_slot_we_do_not_have_is_refused(kind: str, slot: str) -> None:
    config = component("hero")["config"]
    refusal = RENDERER.component(Component(kind, slot, config), DEMO)
    assert refusal == Refusal("UNKNOWN_COMPONENT", kind)


@pytest.mark.parametrize("text", ["{{ no.more }}", "{{ props.text + 1 }}", "{{ product('gone') }}"])
def test_a_component_that_its_template_fails_on_is_refused_and_told(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    renderer = Renderer(
        environment(LIBRARY.folder, {"hero.jinja": text}),
        LIBRARY.specs,
        LIBRARY.slots,
        urls_of=lambda shop: ShopUrls(shop.id, "", ASSETS),
        props_context=props_context,
    )
    drawn = renderer.component(Component("hero", "hero", component("hero")["config"]), DEMO)
    assert drawn == Refusal("CANNOT_BE_DRAWN", "hero")
    assert "hero cannot be drawn" in caplog.text
    assert 'hero.jinja", line 1' in caplog.text


def test_facts_are_the_catalogs() -> None:
    item = next(iter(DEMO.products.values()))
    html = draw("hero", {**component("hero")["config"], "product_id": item.id})
    assert f'href="/products/{item.id}"' in html
    assert f"{item.price.amount:,.2f}" in html


def test_a_template_that_names_what_is_not_there_fails(tmp_path: Path) -> None:
    (tmp_path / "bad.jinja").write_text("{{ nothing }}")
    with pytest.raises(UndefinedError):
        environment(tmp_path).get_template("bad.jinja").render()


def test_templates_escape_by_default(tmp_path: Path) -> None:
    (tmp_path / "any.jinja").write_text("{{ text }}")
    made = environment(tmp_path).get_template("any.jinja").render(text='<a href="x">')
    assert made == "&lt;a href=&#34;x&#34;&gt;"


# ------------------------------------------------------------------ pages


def fallbacks(sold: Shop = DEMO) -> dict[str, SlotContent]:
    return RENDERER.fallbacks(sold, fallback(sold, HOUSE))


def scripts(html: str) -> list[str]:
    """Return the attributes of each script beside that of every page; none has a text."""
    html = re.sub(r'<script type="application/ld\+json">[^<]*</script>', "", html)
    assert re.findall(r"<script[^>]*>(?!</script>)", html) == []
    found: list[str] = re.findall(r"<script ([^>]*)>", html)
    assert found.pop(0) == 'src="/pictures.js" defer'
    return found


def test_a_shell_names_its_stream_and_every_slot() -> None:
    html = whole(RENDERER.store_page(DEMO, "newcomer", fallbacks(), "/s/demo/stream/p1"))
    assert 'data-stream="/s/demo/stream/p1"' in html
    assert re.findall(r'data-slot="(\w+)" data-filled-by="(\w+)"', html) == [
        (slot, "fallback") for slot in LIBRARY.plan.slots
    ]
    assert '<section class="slot" data-slot="feature" data-filled-by="fallback"' in html
    assert 'data-slot="feature"' not in RENDERER.store_page(DEMO, "newcomer", fallbacks())
    assert "<noscript>" in html


def test_a_kept_page_has_no_stream_and_says_what_filled_each_slot() -> None:
    fillings = {
        **fallbacks(),
        "hero": SlotContent("hero", draw("hero", component("hero")["config"])),
    }
    html = whole(RENDERER.store_page(DEMO, "collector", fillings))
    assert "data-stream" not in html
    assert scripts(html) == [
        f'src="/{name}.js" data-to="/signals" defer' for name in ("signals", "views")
    ]
    assert 'data-slot="hero" data-filled-by="hero"' in html
    assert 'data-persona="collector"' in html


@pytest.mark.parametrize(
    ("asked", "tells"),
    [
        (ListingQuery(), ""),
        (ListingQuery(query="lamp"), ""),
        (ListingQuery(query='"><script>'), ""),
        (ListingQuery("Lamps", "name"), ' data-category="Lamps" data-sort="name"'),
        (ListingQuery("None"), ""),
    ],
)
def test_a_listing_is_a_whole_page(asked: ListingQuery, tells: str) -> None:
    html = whole(RENDERER.listing_page(DEMO, filter_products(DEMO, asked)))
    assert scripts(html) == [f'src="/signals.js" data-to="/signals"{tells} defer']
    assert ('content="noindex"' in html) == (bool(asked.query) or asked.category == "None")


def test_pages_of_a_listing_lead_to_each_other() -> None:
    many = shop(*(product(f"p{at:03}") for at in range(60)))
    html = whole(
        RENDERER.listing_page(many, filter_products(many, ListingQuery(sort="name", page=2)))
    )
    assert 'href="/store?sort=name" rel="prev"' in html
    assert 'href="/store?sort=name&amp;page=3" rel="next"' in html


@pytest.mark.parametrize("item", list(DEMO.products.values())[:5], ids=lambda item: item.id)
def test_a_product_page_is_a_whole_page(item: Any) -> None:
    html = whole(RENDERER.product_page(DEMO, item, list(DEMO.products.values())[:4]))
    assert f"<title>{item.title}" in unescape(html)
    assert scripts(html) == [f'src="/signals.js" data-to="/signals" data-product="{item.id}" defer']


def test_no_variant_is_a_button_without_words() -> None:
    values = ("S", "Red"), ("M", ""), ("", "Blue"), ("", "")
    forms = tuple(Variant(f"v{at}", each, PRICE, True) for at, each in enumerate(values))
    tee = product("tee")._replace(option_names=("Size", "Color"), variants=forms)
    html = RENDERER.product_page(shop(tee), tee, [])
    assert re.findall(r'name="variant" .*?<bdi>(.*?)</bdi>', html) == ["Red", "M", "Blue", "v3"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_escaped_on_every_page(text: str) -> None:
    def pages(words: str) -> list[str]:
        item = product("p", title=words, vendor=words, description=words, options=(words,))
        sold = Shop("demo", words, words, {"p": item})
        return [
            RENDERER.store_page(sold, "newcomer", fallbacks(sold)),
            RENDERER.product_page(sold, item, [item]),
            RENDERER.message_page(sold, words, words),
            RENDERER.listing_page(sold, filter_products(sold, ListingQuery(query=words))),
        ]

    for hostile, plain in zip(pages(text), pages("Plain"), strict=True):
        expected = [tag for tag, _ in elements(plain)]
        found = [tag for tag, _ in elements(whole(hostile))]
        assert found == expected


def test_a_message_is_a_whole_page_that_is_not_indexed() -> None:
    html = whole(RENDERER.message_page(DEMO, "Not here", "Nothing by that name."))
    assert 'content="noindex"' in html
    assert json.dumps("Not here").strip('"') in html
