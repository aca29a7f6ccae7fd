"""Where pictures may come from: the catalog's own folder, or an https address."""

import json
import os
import re
import string
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

from app.catalog.problems import InvalidProduct, shown
from app.domain.catalog import Picture, Shop

_LONGEST_ADDRESS = 2_048
_HTTPS = re.compile(
    r"https://(?P<host>(?:[A-Za-z0-9-]{1,63}\.){0,9}[A-Za-z0-9-]{1,63}(?::[0-9]{1,5})?)"
    r"(?P<rest>(?:[/?#][^\s\"'<>\\^`{|}]*)?)"
)
_FOLDER = "pictures"
LOCAL = re.compile(
    rf"{_FOLDER}/(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{{0,99}}(?:/[A-Za-z0-9][A-Za-z0-9._-]{{0,99}}){{0,3}})"
)
"""How a feed names one of a shop's own pictures."""

WIDTHS = (160, 320, 480, 640, 960, 1280, 1920)
"""How wide pictures are offered, in pixels."""

_COPIES = "sized"
_KINDS = {".svg", ".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif"}


class Size(NamedTuple):
    """A picture's pixels, and how wide its copies are."""

    width: int
    height: int
    copies: tuple[int, ...]


class LocalPictures(NamedTuple):
    """The pictures that lie beside a catalog, and the address they are served under.

    `folder` has no links in it. `sizes` are those of which there are copies, by name.
    """

    folder: str
    base: str
    sizes: Mapping[str, Size] = MappingProxyType({})

    def sized(self, picture: Picture) -> Picture:
        """Return a picture with its pixels and its copies, where it has any."""
        name = picture.url.removeprefix(f"{self.base}/")
        size = self.sizes.get(name)
        if size is None or name == picture.url:
            return picture
        copies = tuple((width, f"{self.base}/{copy_name(name, width)}") for width in size.copies)
        return picture._replace(width=size.width, height=size.height, copies=copies)

    def url(self, address: str) -> str:
        """Return the address of a picture, which the feed names as pictures/NAME.

        Raises:
            InvalidProduct: the name leaves the folder, is of no picture, or nothing is there.
        """
        match = LOCAL.fullmatch(address)
        if match is None or ".." in address or Path(address).suffix.lower() not in _KINDS:
            raise InvalidProduct(
                f"picture {shown(address)!r} is not of the form {_FOLDER}/NAME.svg"
            )
        with suppress(OSError):
            # Paths that are text take a third of the time, of which every picture has some.
            place = os.path.realpath(f"{self.folder}/{match['name']}", strict=True)
            if place.startswith(f"{self.folder}/") and os.path.isfile(place):  # noqa: PTH113
                return f"{self.base}/{match['name']}"
        raise InvalidProduct(f"picture {shown(address)!r} is not there")


def folder_of(catalog: Path) -> Path:
    """Return where the pictures of a catalog lie, if it has any."""
    return catalog.parent / _FOLDER


def copy_name(name: str, width: int) -> str:
    """Return the name of a copy of a picture, among the pictures."""
    return f"{_COPIES}/{name}-{width}.webp"


def index_of(pictures: Path) -> Path:
    """Return the file that says of which pictures of a folder there are copies."""
    return pictures / _COPIES / "index.json"


def read_index(pictures: Path) -> dict[str, dict[str, Any]]:
    """Return what there are copies of, by name; nothing where nobody made any."""
    try:
        entries = json.loads(index_of(pictures).read_text("utf-8"))["pictures"]
        return {name: entry for name, entry in entries.items() if _size(entry).copies}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def read_sizes(pictures: Path) -> Mapping[str, Size]:
    """Return what there are copies of; a picture that was replaced since counts as having none."""
    sizes: dict[str, Size] = {}
    for name, entry in read_index(pictures).items():
        with suppress(OSError):
            if (pictures / name).stat().st_size == entry.get("bytes"):
                sizes[name] = _size(entry)
    return sizes


def _size(entry: Mapping[str, Any]) -> Size:
    width, height, *copies = map(int, (entry["width"], entry["height"], *entry["widths"]))
    return Size(width, height, tuple(copies))


def remote(address: str) -> str:
    """Return an https address, its scheme and host in lower case, spaces and accents encoded.

    An address without a scheme is taken for https, as the page itself would.

    Raises:
        InvalidProduct: it is of another scheme, or nothing that a page should load.
    """
    whole = quote(f"https:{address}" if address.startswith("//") else address, string.punctuation)
    match = _HTTPS.fullmatch(whole[:8].lower() + whole[8:])
    if match is None or len(whole) > _LONGEST_ADDRESS or not address.isprintable():
        raise InvalidProduct(f"picture {shown(address)!r} is not a plain https address")
    return f"https://{match['host'].lower()}{match['rest']}"


def image_hosts(shop: Shop) -> frozenset[str]:
    """Return the origins ("https://host" or "https://host:port") of a shop's pictures."""
    pictures = (
        picture
        for item in shop.products.values()
        for picture in (item.picture, *(form.picture for form in item.variants))
    )
    urls = (picture.url for picture in pictures if picture)
    service = shop.image_service.replace("{", "").replace("}", "")
    matches = (_HTTPS.fullmatch(url) for url in (service, *urls))
    return frozenset(f"https://{match['host'].lower()}" for match in matches if match)
