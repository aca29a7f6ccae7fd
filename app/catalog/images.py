"""Where pictures may come from: the catalog's own folder, or an https address."""

from __future__ import annotations

import re
import string
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from app.catalog.problems import InvalidProduct, shown
from app.domain.catalog import Shop

_LONGEST_ADDRESS = 2_048
_HTTPS = re.compile(
    r"https://(?P<host>(?:[A-Za-z0-9-]{1,63}\.){0,9}[A-Za-z0-9-]{1,63}(?::[0-9]{1,5})?)"
    r"(?P<rest>(?:[/?#][^\s\"'<>\\^`{|}]*)?)"
)
_FOLDER = "pictures"
_LOCAL = re.compile(
    rf"{_FOLDER}/(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{{0,99}}(?:/[A-Za-z0-9][A-Za-z0-9._-]{{0,99}}){{0,3}})"
)
_KINDS = {".svg", ".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif"}


class LocalPictures(NamedTuple):
    """The pictures that lie beside a catalog, and the address they are served under."""

    folder: Path
    base: str

    def url(self, address: str) -> str:
        """Return the address of a picture, which the feed names as pictures/NAME.

        Raises:
            InvalidProduct: the name leaves the folder, is of no picture, or nothing is there.
        """
        match = _LOCAL.fullmatch(address)
        if match is None or ".." in address or Path(address).suffix.lower() not in _KINDS:
            raise InvalidProduct(
                f"picture {shown(address)!r} is not of the form {_FOLDER}/NAME.svg"
            )
        if not self._holds(match["name"]):
            raise InvalidProduct(f"picture {shown(address)!r} is not there")
        return f"{self.base}/{match['name']}"

    def _holds(self, name: str) -> bool:
        try:
            path = (self.folder / name).resolve(strict=True)
            return path.is_relative_to(self.folder.resolve()) and path.is_file()
        except (OSError, RuntimeError):
            # RuntimeError is how pathlib tells of links that go in circles.
            return False


def folder_of(catalog: Path) -> Path:
    """Return where the pictures of a catalog lie, if it has any."""
    return catalog.parent / _FOLDER


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
    products = shop.products.values()
    pictures = chain(
        (item.picture for item in products),
        (form.picture for item in products for form in item.variants),
    )
    urls = (picture.url for picture in pictures if picture)
    service = shop.image_service.replace("{", "").replace("}", "")
    matches = (_HTTPS.fullmatch(url) for url in (service, *urls))
    return frozenset(f"https://{match['host'].lower()}" for match in matches if match)
