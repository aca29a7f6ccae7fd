"""What a JSON catalog says of its shop; what cannot be used is reported and left at its default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from app.catalog.problems import WHOLE_FILE, Report, shown
from app.catalog.text import plain, slug
from app.domain.catalog import Brand, Shop

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = r"[A-Za-z][A-Za-z0-9-]*(?: [A-Za-z0-9-]+)*"
_FAMILY = rf"(?:{_NAME}|'{_NAME}'|\"{_NAME}\")"
_FONT = re.compile(rf"{_FAMILY}(?:, ?{_FAMILY})*")
"""Names only: no semicolon, bracket or lone quote may reach a style sheet."""


class About(NamedTuple):
    """Fields that describe the shop rather than what it sells."""

    fields: Mapping[str, object]
    report: Report

    def part(self, name: str) -> About:
        """Return an object among the fields; an absent one is empty."""
        given = self.fields.get(name)
        if given is not None and not isinstance(given, dict):
            self.report.add(WHOLE_FILE, f"{name} must be an object, not {shown(given)}")
        return About(given if isinstance(given, dict) else {}, self.report)

    def text(self, name: str, otherwise: str = "") -> str:
        """Return a field as plain text."""
        given = self.fields.get(name)
        if given is not None and not isinstance(given, str):
            self.report.add(WHOLE_FILE, f"shop: {name} must be text, not {shown(given)}")
        return (plain(given) if isinstance(given, str) else "") or otherwise

    def matching(self, name: str, pattern: re.Pattern[str], otherwise: str) -> str:
        """Return a field that has a form to keep to."""
        given = self.text(name, otherwise)
        if given == otherwise or pattern.fullmatch(given):
            return given
        self.report.add(WHOLE_FILE, f"shop: {name} {shown(given)!r} cannot be used")
        return otherwise


def shop_of(about: About, shop_id: str, name: str) -> Shop:
    """Return the shop, with nothing on its shelves yet; id and name are for one without its own."""
    return Shop(
        id=_id(about, shop_id),
        name=about.text("name", name),
        tagline=about.text("tagline"),
        products={},
        brand=_brand(about.part("brand")),
    )


def _id(about: About, otherwise: str) -> str:
    given = about.text("id", otherwise)
    made = slug(given) or otherwise
    if made != given:
        about.report.add(WHOLE_FILE, f"shop: id {shown(given)!r} is read as {made!r}")
    return made


def _brand(about: About) -> Brand:
    usual = Brand()
    return Brand(
        primary_color=about.matching("primary_color", _COLOR, usual.primary_color),
        secondary_color=about.matching("secondary_color", _COLOR, usual.secondary_color),
        font_family=about.matching("font_family", _FONT, usual.font_family),
        tone=about.text("tone", usual.tone),
    )
