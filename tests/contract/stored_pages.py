"""Vectors of stored pages: values of KV, and what a shop with a content may show of each."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from app.domain.page import Component, StoredPage
from app.generation.codec import from_kv, to_kv
from tests.contract.hostile import NAMES

_PAGE = StoredPage(
    html="<!doctype html><p>\U0001f98a Caf\u00e9</p>",
    components=[Component("hero", "hero", {"headline": "Light"})],
    persona_type="collector",
    persona_hash="v2_collector_85_0123456789ab",
    generated_at="2026-11-26T00:00:00+00:00",
    model="house",
    generation_time_ms=12,
    content="0123456789abcdef",
    shop_id="demo",
    product_count=3,
)


class Case(NamedTuple):
    """A value as KV keeps it, read by a shop that is drawn from a content.

    `required` are the slots that a page must fill there.
    """

    name: str
    value: str
    shop_id: str = _PAGE.shop_id
    content: str = _PAGE.content
    required: tuple[str, ...] = ()


def _changed(part: str, field: str, value: object) -> str:
    stored = json.loads(to_kv(_PAGE))
    (stored[part] if part else stored)[field] = value
    return json.dumps(stored)


def _components(**changes: object) -> str:
    return _changed("ui", "components", [{**_PAGE.components[0].as_json(), **changes}])


def _cases() -> Iterator[Case]:
    stored = to_kv(_PAGE).decode()
    yield Case("as it is written", stored)
    yield Case("for another shop", stored, shop_id="corner")
    yield Case("from other content", stored, content="fedcba9876543210")
    yield from _optional()
    yield Case("with all that is required", stored, required=("hero",))
    yield Case("with a part of what is required", stored, required=("grid", "hero"))
    yield Case("with a kind that is called as a slot", _components(id="end"), required=("hero",))
    yield Case("a part, from other content", stored, content="fedcba9876543210", required=("grid",))
    for at, name in enumerate(NAMES):
        if name == name.encode("utf-8", "replace").decode():
            yield Case(f"a page that says {at}", to_kv(_PAGE._replace(html=name)).decode())
    for version in (0, 2, 1.5, "1", None, [1]):
        yield Case(f"of version {version!r}", _changed("", "version", version))
    no_texts: tuple[object, ...] = (None, 1, True, [], {}, ["<p>"])
    for value in no_texts:
        yield Case(f"with the page {value!r}", _changed("ui", "html", value))
        yield Case(f"with the content {value!r}", _changed("meta", "content", value))
        yield Case(f"with the shop {value!r}", _changed("shop_context", "shop_id", value))
        for part in ("ui", "meta", "shop_context"):
            yield Case(f"with {part} as {value!r}", _changed("", part, value))
    no_lists: tuple[object, ...] = (None, 1, "", {}, {"hero": {}}, [None], ["hero"], [[]], [{}])
    for value in no_lists:
        yield Case(f"with the components {value!r}", _changed("ui", "components", value))
    for field in ("type", "id", "config"):
        for value in (None, 1, []):
            yield Case(f"with a component's {field} as {value!r}", _components(**{field: value}))
    for at, text in enumerate(("", " ", "{", "[]", "null", "7", '"text"', "{}", "\ufeff{}", "NaN")):
        yield Case(f"a value that is no page {at}", text)


def _optional() -> Iterator[Case]:
    for decision in ("0123456789ab", "", 7, None, ["x"]):
        yield Case(f"decided by {decision!r}", _changed("meta", "decision", decision))
    for moment in (1, 1.5, -1, 4_102_444_800, 0, None, True, "1", [1]):
        yield Case(f"valid until {moment!r}", _changed("meta", "valid_until", moment))


def shown(
    value: str, shop_id: str, content: str, required: Collection[str]
) -> dict[str, str | None]:
    """Return what a shop may show of a value, and how the look into KV went."""
    page = from_kv(value.encode())
    if page is None or page.shop_id != shop_id:
        return {"html": None, "kv": "miss"}
    lapsed = page.valid_until and page.valid_until <= time.time()
    if page.content != content or lapsed:
        return {"html": None, "kv": "outdated"}
    if not {item.slot for item in page.components} >= set(required):
        return {"html": None, "kv": "incomplete"}
    decision = {"decision": page.decision} if page.decision else {}
    return {"html": page.html, "kv": "hit", **decision}


def vectors() -> list[Mapping[str, Any]]:
    """Return values with what is shown of them."""
    return [{**case._asdict(), **shown(*case[1:])} for case in _cases()]
