"""What crawlers look for at the root, read by the libraries that crawlers read it with."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote_plus
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt
from protego import Protego

from app.content import discovery
from app.content.discovery import URLS_A_FILE, root_file, root_names
from app.content.site import SiteContent, read_site
from app.settings import read_settings

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
PUBLIC = "https://shop.example"
SPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
MOST_URLS, MOST_BYTES = 50_000, 50 * 1024 * 1024
"""Of one sitemap, by its protocol."""


@cache
def site(folder: Path | None = None, **environment: str) -> SiteContent:
    catalog = {"WANDSTORE_CATALOG": str(folder)} if folder else {}
    return read_site(read_settings({**catalog, **environment}))


def text(content: SiteContent, name: str) -> str:
    data = root_file(name, content, NOW)
    assert data is not None, name
    return data.decode()


def locations(content: SiteContent, name: str) -> list[str]:
    """Return the addresses of a sitemap or of an index of them."""
    tree = ET.fromstring(text(content, name))  # noqa: S314 - ours
    return [str(found.text) for found in tree.iter(f"{SPACE}loc")]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shops, the second of them larger than a sitemap."""
    folder = tmp_path_factory.mktemp("large")
    for name, size in (("a", 2), ("b", URLS_A_FILE + 5)):
        products = [
            {"id": f"é&<{at}", "title": "Cup", "price": 9, "category": f"C & {at % 3}"}
            for at in range(size)
        ]
        for item in products:
            item["id"] = str(item["id"]).replace("&<", "_")
        shop = {"id": f"shop-{name}", "name": name}
        (folder / f"{name}.json").write_text(json.dumps({"shop": shop, "products": products}))
    return folder


def test_crawlers_may_see_pages_but_no_streams_no_baskets_and_not_every_search() -> None:
    robots = Protego.parse(text(site(WANDSTORE_PUBLIC_URL=PUBLIC), "robots.txt"))
    seen = ["/store", "/store?category=Lamps", "/products/oak-board", "/s/other", "/static/x.css"]
    assert all(robots.can_fetch(f"{PUBLIC}{path}", "AnyBot") for path in seen)
    unseen = [
        "/s/demo/stream/edge",
        "/store?q=lamp",
        "/store?category=Lamps&q=a",
        "/basket",
        "/s/b/checkout?seen=1",
    ]
    assert not any(robots.can_fetch(f"{PUBLIC}{path}", "AnyBot") for path in unseen)
    assert list(robots.sitemaps) == [f"{PUBLIC}/sitemap.xml"]


def test_without_a_public_address_no_sitemap_is_named_or_there() -> None:
    content = site()
    assert list(Protego.parse(text(content, "robots.txt")).sitemaps) == []
    assert root_file("sitemap.xml", content, NOW) is None
    assert root_file("sitemap-demo-1.xml", content, NOW) is None


def test_sitemaps_list_every_page_once_at_the_address_it_names(large: Path) -> None:
    content = site(large, WANDSTORE_PUBLIC_URL=f"{PUBLIC}/")
    index = locations(content, "sitemap.xml")
    assert index == [
        f"{PUBLIC}/sitemap-shop-a-1.xml",
        f"{PUBLIC}/sitemap-shop-b-1.xml",
        f"{PUBLIC}/sitemap-shop-b-2.xml",
    ]
    listed = [locations(content, address.rpartition("/")[2]) for address in index]
    assert [len(found) for found in listed] == [1 + 2 + 2, URLS_A_FILE, 1 + 3 + 5]
    every = [address for found in listed for address in found]
    assert len(set(every)) == len(every)
    urls = {shop.id: content.urls_of(shop) for shop in content.catalogs.shops.values()}
    for shop in content.catalogs.shops.values():
        own = urls[shop.id]
        addresses = {own.store(), *map(own.product, shop.products.values())}
        assert {own.absolute(address) for address in addresses} <= set(every)
    assert f"{PUBLIC}/store" in listed[0]
    assert f"{PUBLIC}/s/shop-b" in listed[1]


@pytest.mark.parametrize(
    "name", ["sitemap-shop-b-3.xml", "sitemap-shop-b-0.xml", "sitemap-none-1.xml", "other.txt"]
)
def test_what_is_not_listed_is_not_there(large: Path, name: str) -> None:
    assert root_file(name, site(large, WANDSTORE_PUBLIC_URL=PUBLIC), NOW) is None


def test_a_sitemap_stays_within_what_its_protocol_allows() -> None:
    longest = len(f"<url><loc>{PUBLIC}/s/{'s' * 40}/products/{'%E4%B8%80' * 200}</loc></url>\n")
    assert URLS_A_FILE <= MOST_URLS
    assert URLS_A_FILE * longest < MOST_BYTES


def test_every_file_that_is_there_has_a_name_to_publish_it_by(large: Path) -> None:
    content = site(large, WANDSTORE_PUBLIC_URL=PUBLIC)
    names = list(root_names(content))
    assert {f"{PUBLIC}/{name}" for name in names} >= set(locations(content, "sitemap.xml"))
    assert len({name.rpartition("/")[2] for name in names}) == len(names)


def test_programs_are_told_the_shops_and_the_ways_into_them(large: Path) -> None:
    content = site(large, WANDSTORE_PUBLIC_URL=PUBLIC)
    page, names = text(content, "llms.txt"), [shop.name for shop in content.catalogs.shops.values()]
    tokens = MarkdownIt().parse(page)
    titles = [
        (one.tag, inline.children[0].content)
        for one, inline in pairwise(tokens)
        if one.type == "heading_open" and inline.children
    ]
    assert titles == [("h1", names[0]), ("h2", "Categories"), *(("h2", name) for name in names[1:])]
    first = next(at for at, token in enumerate(tokens) if token.tag == "h2")
    assert not any(token.type == "paragraph_open" and not token.level for token in tokens[first:])
    html = MarkdownIt().render(page)
    for category in content.catalogs.default.categories():
        address = f"{PUBLIC}/store?category={quote_plus(category)}"
        assert f'<a href="{address}">{escape(category)}</a>' in html
    assert "<code>Accept: text/markdown</code>" in html.partition("<h2>")[0]


def test_whom_to_tell_of_a_hole_is_said_where_somebody_is_named() -> None:
    name = ".well-known/security.txt"
    assert root_file(name, site(), NOW) is None
    contact = "mailto:security@shop.example"
    content = site(WANDSTORE_SECURITY_CONTACT=contact, WANDSTORE_PUBLIC_URL=PUBLIC)
    fields = dict(line.split(": ", 1) for line in text(content, name).splitlines())
    assert fields["Contact"] == contact
    assert fields["Canonical"] == f"{PUBLIC}/{name}"
    expires = datetime.fromisoformat(fields["Expires"])
    assert timedelta(days=90) < expires - NOW < timedelta(days=365)


def test_a_designers_own_file_takes_the_place_of_ours(tmp_path: Path) -> None:
    root = Path(discovery.__file__).parents[2]
    for folder in ("components", "prompts"):
        (tmp_path / folder).symlink_to(root / folder)
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "robots.txt").write_text("User-agent: *\nDisallow: /\n")
    assert text(site(WANDSTORE_ROOT=str(tmp_path)), "robots.txt").endswith("Disallow: /\n")


def test_there_is_an_icon_for_who_asks_without_looking() -> None:
    icon = root_file("favicon.ico", site(), NOW)
    assert icon is not None
    assert icon.startswith(b"\0\0\1\0")
