"""Addresses of a picture in several widths, and the preload of a page's first picture."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from app.catalog.images import WIDTHS
from app.domain.catalog import Picture

_USUAL = 640
"""What browsers load that know nothing of several widths."""

_SHOPIFY = re.compile(r"https://(?:cdn\.shopify\.com/s|[^/?#]+/cdn/shop)/files/[^?#]+(?:\?[^#]*)?")
_SIZED = r"_(?:\d+x\d*|x\d+|pico|icon|thumb|small|compact|medium|large|grande)(?=[@._])"
"""The older way to name a size, in the file's own name: such an address is left as it is."""

_FIRST = re.compile(
    r'<img src="([^"]*)"(?: srcset="([^"]*)" sizes="([^"]*)")?[^>]* fetchpriority="high"'
)


class Source(NamedTuple):
    """Where browsers find a picture: one address, and one for each width, as in `srcset`."""

    src: str
    srcset: str = ""


def source_of(picture: Picture, service: str) -> Source:
    """Return the addresses of a picture: its copies, or what an image service makes of it.

    `service` is the shop's own, an address with {width} and {url} or {encoded} in it; Shopify's is
    known. A picture is never asked for wider than it is, as far as that is known.
    """
    url, addresses = picture.url, dict(picture.copies)
    template = "" if addresses else service or _shopify(url)
    if template and url.startswith("https://"):
        widths = sorted({min(width, picture.width or width) for width in WIDTHS})
        addresses = {width: _filled(template, url, width) for width in widths}
    if not addresses:
        return Source(url)
    usual = max((width for width in addresses if width <= _USUAL), default=min(addresses))
    listed = ", ".join(f"{address} {width}w" for width, address in addresses.items())
    return Source(addresses[usual], listed)


def with_preload(html: str) -> str:
    """Return a page whose first picture, if one goes before all others, is named in its head."""
    found = _FIRST.search(html)
    if found is None:
        return html
    src, srcset, sizes = found.groups()
    several = f' imagesrcset="{srcset}" imagesizes="{sizes}"' if srcset else ""
    link = f'<link rel="preload" as="image" href="{src}"{several} fetchpriority="high">\n'
    return html.replace("</head>", f"{link}</head>", 1)


def _shopify(url: str) -> str:
    """Return the template of Shopify's image service where it serves the picture."""
    path, _, query = url.partition("?")
    if not _SHOPIFY.fullmatch(url) or re.search(_SIZED, path) or "width=" in query:
        return ""
    return "{url}&width={width}" if query else "{url}?width={width}"


def _filled(template: str, url: str, width: int) -> str:
    address = template.replace("{width}", str(width))
    return address.replace("{encoded}", quote(url, safe="")).replace("{url}", url)
