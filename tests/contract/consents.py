"""Vectors of consent: what may be kept of a request, by the shop, its banner and the browser."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from app.domain.catalog import ESSENTIAL, NONE, PERSONALISE, Consent
from app.web.consent import consent_of

_BANNER = ("choice", "stats:1")
_COOKIES = (
    "",
    "choice=stats:1",
    "shopper_demo=1; choice=ads:0,stats:1,more:0",
    "choice=stats:0",
    "choice=; other=stats:1",
    "mychoice=stats:1",
    "choice=stats:0; choice=stats:1",
    "choice=ads:0, stats:1",
)
_ASKING: tuple[dict[str, str], ...] = ({}, {"dnt": "1"}, {"sec-gpc": "1"}, {"dnt": "0"})


def holds(vector: Mapping[str, Any]) -> str:
    """Return the level that the container finds."""
    headers = [(name.encode(), value.encode()) for name, value in vector["headers"].items()]
    return consent_of(headers, Consent(**vector["consent"]))


def vectors() -> list[Mapping[str, Any]]:
    """Return shops and requests with what may be kept."""
    found: list[Mapping[str, Any]] = []
    levels, banners = (NONE, ESSENTIAL, PERSONALISE), (("", ""), _BANNER)
    for level, banner, cookie, asking in product(levels, banners, _COOKIES, _ASKING):
        headers = {**({"cookie": cookie} if cookie else {}), **asking}
        vector: dict[str, Any] = {
            "name": f"{level}, {banner[0]!r}, {headers}",
            "consent": Consent(level, *banner)._asdict(),
            "headers": headers,
        }
        found.append({**vector, "holds": holds(vector)})
    return found
