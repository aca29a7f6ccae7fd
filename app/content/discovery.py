"""Writes robots.txt, sitemaps, llms.txt and security.txt, which crawlers ask for at the root."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, islice

from markupsafe import escape

from app.catalog.listing import FILTERS
from app.content.site import SiteContent
from app.domain.catalog import Product, Shop
from app.rendering.markdown import Markdown

URLS_A_FILE = 2_000
"""Addresses in one sitemap, of the 50,000 that may be: written while a shopper's page waits."""

_SITEMAP = re.compile(r"sitemap-(.+)-([1-9][0-9]{0,3})\.xml")
_MOST_SHOPS = 50
"""Shops that llms.txt lists."""

_VALID_FOR = timedelta(days=180)
_XMLNS = "http://www.sitemaps.org/schemas/sitemap/0.9"

NAMES = ("robots.txt", "sitemap.xml", "llms.txt", ".well-known/security.txt", "favicon.ico")
"""The files at the root beside the sitemaps of the single shops."""


def root_file(name: str, content: SiteContent, now: datetime) -> bytes | None:
    """Return a file at the root: the designer's own of this name in static/, else ours, if any."""
    own = content.assets.files.get(name.rpartition("/")[2])
    if own is not None:
        return own.plain
    found = _SITEMAP.fullmatch(name)
    text: str | None = None
    if found:
        text = sitemap(content, found[1], int(found[2]))
    elif name == "robots.txt":
        text = robots(content)
    elif name == "sitemap.xml":
        text = sitemap_index(content)
    elif name == "llms.txt":
        text = llms(content)
    elif name == ".well-known/security.txt":
        text = security(content, now)
    return None if text is None else text.encode()


def root_names(content: SiteContent) -> Iterator[str]:
    """Yield the names of all files at the root; those that are not there have no text."""
    yield from NAMES
    for shop in content.catalogs.shops.values():
        yield from (f"sitemap-{shop.id}-{number}.xml" for number in _numbers(shop))


def robots(content: SiteContent) -> str:
    """Return who may look where: not into streams and baskets, and not through every search."""
    closed = ("/s/*/stream/", "/basket", "/checkout", "/s/*/basket", "/s/*/checkout")
    searches = (f"/*?*{name}=" for name in ("q", *FILTERS))
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in (*closed, *searches))]
    if content.public_url:
        lines.append(f"Sitemap: {content.public_url}/sitemap.xml")
    return "\n".join([*lines, ""])


def sitemap_index(content: SiteContent) -> str | None:
    """Return the list of sitemaps; there is none where the shop's address is not known."""
    if not content.public_url:
        return None
    names = (
        f"{content.public_url}/sitemap-{shop.id}-{number}.xml"
        for shop in content.catalogs.shops.values()
        for number in _numbers(shop)
    )
    return _xml("sitemapindex", "sitemap", names)


def sitemap(content: SiteContent, shop_id: str, number: int) -> str | None:
    """Return one of a shop's sitemaps, counted from 1: its pages, but for those of single searches.

    The default shop's pages are listed at the addresses that its own pages name.
    """
    shop = content.catalogs.shops.get(shop_id)
    if shop is None or not content.public_url or number not in _numbers(shop):
        return None
    start, url = (number - 1) * URLS_A_FILE, content.urls_of(shop)
    pages: Iterator[str | Product] = chain(("",), shop.categories(), shop.products.values())
    addresses = (
        url.store(category=page) if isinstance(page, str) else url.product(page)
        for page in islice(pages, start, start + URLS_A_FILE)
    )
    return _xml("urlset", "url", map(url.absolute, addresses))


def _numbers(shop: Shop) -> range:
    pages = 1 + len(shop.categories()) + len(shop.products)
    return range(1, -(-pages // URLS_A_FILE) + 1)


def _xml(root: str, entry: str, addresses: Iterator[str]) -> str:
    entries = "".join(f"<{entry}><loc>{escape(at)}</loc></{entry}>\n" for at in addresses)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}\n<{root} xmlns="{_XMLNS}">\n{entries}</{root}>\n'


def llms(content: SiteContent) -> str:
    """Return what a program that reads for somebody should know: the shops and their ways in.

    Source: llmstxt.org. One heading and what is to be known, then a list of links for each shop.
    """
    note = "Every page is to be had as Markdown: ask for it with `Accept: text/markdown`."
    default, *others = (
        (shop.name, Markdown(shop, content.urls_of(shop), content.languages.of(shop.locale)))
        for shop in islice(content.catalogs.shops.values(), _MOST_SHOPS)
    )
    pages = (markdown.ways(name) for name, markdown in others)
    return "\n".join([default[1].shop(note=note), *(f"{page}\n" for page in pages)])


def security(content: SiteContent, now: datetime) -> str | None:
    """Return whom to tell of a hole (RFC 9116), where somebody is named."""
    if not content.security_contact:
        return None
    expires = (now + _VALID_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f"Contact: {content.security_contact}", f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}"]
    if content.public_url:
        lines.append(f"Canonical: {content.public_url}/.well-known/security.txt")
    return "\n".join([*lines, ""])
