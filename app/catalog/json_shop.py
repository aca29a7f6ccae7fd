"""What a JSON catalog says of its shop; what cannot be used is reported and left at its default."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.catalog.feed import Feed, Listed, Terms, open_shop
from app.catalog.json_product import Fields
from app.catalog.numbers import CURRENCY
from app.catalog.problems import WHOLE_FILE, CatalogError, Report, attempt, shown
from app.catalog.text import slug
from app.domain.catalog import (
    DEMO,
    ESSENTIAL,
    NONE,
    PERSONALISE,
    SHOPIFY,
    TEMPLATE,
    Brand,
    Checkout,
    Consent,
    Shop,
)

T = TypeVar("T")

_COLOR = r"#[0-9a-fA-F]{6}"
_NAME = r"[A-Za-z][A-Za-z0-9-]*(?: [A-Za-z0-9-]+)*"
_FAMILY = rf"(?:{_NAME}|'{_NAME}'|\"{_NAME}\")"
_FONT = rf"{_FAMILY}(?:, ?{_FAMILY})*"
"""Names only: no semicolon, bracket or lone quote may reach a style sheet.

As the others here it is compiled when it is needed: a start has few of the milliseconds it takes.
"""

LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,5}")
MOST_UNREAD = 20
"""Keys that nobody reads, and that are named for it."""

_CHECKOUT = f"{SHOPIFY}|{TEMPLATE}|{DEMO}|none"
_DOMAIN = r"(?:[A-Za-z0-9-]{1,63}\.){1,9}[A-Za-z0-9-]{2,63}"
_PATH = r"(?:/[A-Za-z0-9._~-]{1,60}){1,6}"
_TEMPLATE = (
    r"https://(?:[A-Za-z0-9-]{1,63}\.){1,9}[A-Za-z0-9-]{2,63}(?::[0-9]{1,5})?/"
    r"(?=[^{}]*(?:\{(?:quantities|page|slots)\}[^{}]*)*\{(?:items|ids)\})"
    r"(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]|\{(?:items|ids|quantities|page|slots)\}){1,500}"
)
"""Names what is bought at least once, and no other place to fill."""

_IMAGE_SERVICE = (
    r"(?=.*\{width\})(?=.*\{(?:url|encoded)\})"
    r"(?:\{url\}|https://(?:[A-Za-z0-9-]{1,63}\.){1,9}[A-Za-z0-9-]{2,63}(?::[0-9]{1,5})?/)"
    r"(?:[A-Za-z0-9._~:/?#@!$&()*+;=%-]|\{(?:url|encoded|width)\}){1,500}"
)
_CONSENT = f"{NONE}|{ESSENTIAL}|{PERSONALISE}"
_CONSENT_COOKIE = r"[A-Za-z0-9_.-]{1,64}=[!#-+\--:<-\[\]-~]{1,200}"
"""The name of a cookie, and a text in its value, of what cookies may be written with."""

_MOST_WORDS = 200
"""Banned words, and allowed claims, that a brand may have."""


class About:
    """Fields that describe the shop rather than what it sells. `read` are those asked for."""

    def __init__(self, fields: Mapping[str, object], report: Report) -> None:
        self.fields = fields
        self.report = report
        self.read: set[str] = set()

    def part(self, name: str) -> About:
        """Return an object among the fields; an absent one is empty."""
        self.read.add(name)
        given = self.fields.get(name)
        if given is not None and not isinstance(given, dict):
            self.report.add(WHOLE_FILE, f"{name} must be an object, not {shown(given)}")
        return About(given if isinstance(given, dict) else {}, self.report)

    def text(self, name: str, otherwise: str = "") -> str:
        """Return a field as plain text."""
        return self._given(name, Fields.text) or otherwise

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a field that is a list of plain texts, each once."""
        return self._given(name, partial(Fields.texts, most=_MOST_WORDS)) or ()

    def matching(
        self,
        name: str,
        pattern: str | re.Pattern[str],
        otherwise: str,
        tidy: Callable[[str], str] = str,
    ) -> str:
        """Return a field that has a form to keep to, once it is tidied."""
        given = tidy(self.text(name, otherwise))
        if given == otherwise or re.fullmatch(pattern, given):
            return given
        self.report.add(WHOLE_FILE, f"shop: {name} {shown(given)!r} cannot be used")
        return otherwise

    def currency(self, path: Path, otherwise: str) -> str:
        """Return the currency of a feed; another than was meant would sell all at wrong prices.

        Raises:
            CatalogError: it is none.
        """
        self.read.add("currency")
        given = self.fields.get("currency")
        named = given.strip().upper() if isinstance(given, str) else given
        if named and not (isinstance(named, str) and CURRENCY.fullmatch(named)):
            reason = f"shop: currency {shown(given)!r} is not three capital letters, as EUR"
            raise CatalogError.of(path, reason)
        return str(named or otherwise)

    def report_unread(self, where: str) -> None:
        """Report the fields that nobody has asked for: misspelt, or of another system's feed."""
        for name in [name for name in self.fields if name not in self.read][:MOST_UNREAD]:
            self.report.add(WHOLE_FILE, f"{where}: the key {shown(name)!r} is not read")

    def _given(self, name: str, read: Callable[[Fields, str], T]) -> T | None:
        self.read.add(name)
        note = partial(self.report.add, WHOLE_FILE)
        return attempt(lambda: read(Fields(self.fields), name), note, "shop")


def shop_of(about: About, shop_id: str, name: str) -> Shop:
    """Return the shop, with nothing on its shelves yet; id and name are for one without its own."""
    return Shop(
        id=_id(about, shop_id, "id"),
        name=about.text("name", name),
        tagline=about.text("tagline"),
        products={},
        brand=_brand(about.part("brand")),
        locale=about.matching("locale", LOCALE, "en", lambda tag: tag.replace("_", "-")),
        checkout=_checkout(about.part("checkout")),
        image_service=about.matching("image_service", _IMAGE_SERVICE, ""),
        store=_id(about, "", "store"),
        consent=_consent(about),
    )


def open_feed(path: Path, terms: Terms, listed: Callable[[str, Report], Iterable[Listed]]) -> Feed:
    """Return a feed that says nothing of its shop, which the file beside it describes.

    `listed` returns its products to be read, in this currency where they name none.

    Raises:
        CatalogError: there is nothing to sell, or a table lacks a column.
    """
    report = Report(terms.progress)
    about = About(terms.about, report)
    shop = shop_of(about, terms.shop_id, terms.shop_name)
    currency = about.currency(path, terms.currency)
    about.report_unread("shop")
    shop = open_shop(path, shop, listed(currency, report), report, terms=terms)
    return Feed(shop, report.problems(), until=report.until)


def _id(about: About, otherwise: str, name: str) -> str:
    """Return what cookies and addresses can be named for."""
    given = about.text(name, otherwise)
    made = slug(given) or otherwise
    if made != given:
        about.report.add(WHOLE_FILE, f"shop: {name} {shown(given)!r} is read as {made!r}")
    return made


def _consent(about: About) -> Consent:
    """Return what may be kept of shoppers; what is essential where the level cannot be used."""
    otherwise = ESSENTIAL if "consent" in about.fields else PERSONALISE
    level = about.matching("consent", _CONSENT, otherwise)
    cookie, _, agreed = about.matching("consent_cookie", _CONSENT_COOKIE, "").partition("=")
    return Consent(level, cookie, agreed)


def _checkout(about: About) -> Checkout | None:
    """Return where baskets are bought; none where the catalog does not say it in full."""
    if not about.fields:
        return None
    kind = about.matching("type", _CHECKOUT, "none")
    checkout = Checkout(kind) if kind == DEMO else None
    needed = {SHOPIFY: "domain", TEMPLATE: "address"}.get(kind, "")
    if needed and not about.text(needed):
        about.report.add(WHOLE_FILE, f"shop: a checkout of type {kind} has no {needed}")
    elif kind == SHOPIFY:
        domain = about.matching("domain", _DOMAIN, "")
        path = about.matching("path", _PATH, "/cart")
        checkout = Checkout(kind, f"https://{domain.lower()}{path}") if domain else None
    elif kind == TEMPLATE:
        address = about.matching("address", _TEMPLATE, "")
        checkout = Checkout(kind, address) if address else None
    about.report_unread("checkout")
    return checkout


def _brand(about: About) -> Brand:
    usual = Brand()
    brand = Brand(
        primary_color=about.matching("primary_color", _COLOR, usual.primary_color),
        secondary_color=about.matching("secondary_color", _COLOR, usual.secondary_color),
        font_family=about.matching("font_family", _FONT, usual.font_family),
        tone=about.text("tone", usual.tone),
        banned_words=about.texts("banned_words"),
        allowed_claims=about.texts("allowed_claims"),
    )
    about.report_unread("brand")
    return brand
