"""Vectors of a listing's address: query strings, and what of the catalog they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from app.catalog.listing import (
    FILTERS,
    MAX_FIELD_BYTES,
    MAX_FIELDS,
    MAX_QUERY_LENGTH,
    ListingQuery,
    read_request,
)
from tests.contract.hostile import NAMES


def _queries() -> Iterator[str]:
    yield from ("", "?", "&", "=", "&&&", "a", "a=b", "q", "q=", "category=&sort=&q=&page=")
    yield from ("q=lamp", "category=Lamps", "sort=name", "page=2", "Q=lamp", " q=lamp", "q =lamp")
    yield from ("q=a&q=b", "q=a&q=", "q=a&q=+", "q=+", "q=%20", "q=%20&page=2", "q=a;page=2")
    yield from (
        "q=a=b",
        "q==",
        "q=a&amp;b",
        "q=a+b%2Bc",
        "q=a%20%09%0A%0D%0B%0C%1Cb%C2%A0%E3%80%80c",
    )
    yield from ("q=%", "q=%2", "q=%zz", "q=%u0041", "q=%00", "q=a%26b%3Dc", "%71=lamp", "q%3Da")
    yield from ("q=%FF", "q=%C3", "q=%C3%28", "q=%E2%82", "q=%F0%9F%A6", "q=%ED%A0%BE", "q=%C0%80")
    yield from ("q=%EF%BB%BFlamp", "q=a%EF%BB%BFb", "q=%F0%9F%A6%8A", "q=caf%C3%A9", "q=cafe%CC%81")
    for page in ("0", "1", "00", "007", "9999", "10000", "-1", "+1", "%2B1", "1.0", "1e3", " 2", "2+", "%D9%A2", "%C2%B2", "x", "2%0A"):  # fmt: skip
        yield f"page={page}"
        yield f"q=a&page={page}"
    yield from ("q=%E2%80%AElamp%E2%80%8E", "q=a%00%07b%C2%AD", "q=%E2%80%8B", "tag=%EF%BB%BF&q=a")
    for name in FILTERS:
        yield from (f"{name}=5", f"{name}=", f"{name}=+", f"{name}=x&{name}=+", f"{name}=&q=a")
        yield from (f"{name}=+&{name}=x", f"{name.upper()}=5", f"category=a&{name}=%E2%82%AC")
    for length in (MAX_QUERY_LENGTH - 1, MAX_QUERY_LENGTH, MAX_QUERY_LENGTH + 1):
        yield f"q={'x' * length}"
        yield f"category={'%F0%9F%A6%8A' * length}"
        yield f"q={'x+' * length}"
    for fields in (MAX_FIELDS - 1, MAX_FIELDS, MAX_FIELDS + 1):
        yield "&".join(["q=a", *["x=y"] * (fields - 1)])
        yield "q=a" + "&" * (fields - 1)
    for size in (MAX_FIELD_BYTES, MAX_FIELD_BYTES + 1, 5 * MAX_FIELD_BYTES):
        yield "q=a&x=".ljust(size, "y")
        yield "q=".ljust(size, "y") + "&page=2"
        yield "q=" + ("+" * (size - 4)) + "%41"
    yield "&".join(["x=y"] * MAX_FIELDS + ["q=a"])
    for blank in (
        "\u0301",
        "\u0301\u064b \u0488",
        "\ufe0f\u200d",
        "\u3164",
        "\u2800",
        "\U000e0041",
    ):
        yield from (f"q={quote(blank)}", f"tag={quote(blank)}", f"q={quote(blank)}lamp&page=2")
    for name in NAMES:
        text = name.encode("utf-8", "replace").decode()
        yield f"category={quote(text, safe='')}&q={quote_plus(text)}&sort={quote(text, safe='')}"


def as_json(query: ListingQuery) -> Mapping[str, Any]:
    """Return what the Worker reads of a query: of filters only whether there are any."""
    category, sort, text, page, filters = query
    return {
        "category": category,
        "sort": sort,
        "query": text,
        "page": page,
        "filtered": bool(filters),
    }


def vectors() -> list[Mapping[str, Any]]:
    """Return queries with the listing that each asks for, null where it asks for none."""
    asked = ((query, read_request(query.encode("ascii"))) for query in dict.fromkeys(_queries()))
    return [
        {"name": f"{query!r:.60} {at}", "query": query, "listing": found and as_json(found)}
        for at, (query, found) in enumerate(asked)
    ]
