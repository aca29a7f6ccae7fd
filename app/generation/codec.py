"""A finished page as KV keeps it (contract: KV value, version 1), and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite

from app.domain.page import Component, StoredPage

VERSION = 1


def to_kv(page: StoredPage) -> bytes:
    """Return a page as KV keeps it (contract: KV value, version 1)."""
    value = {
        "version": VERSION,
        "ui": {"html": page.html, "components": [item.as_json() for item in page.components]},
        "meta": {
            "persona_type": page.persona_type,
            "persona_hash": page.persona_hash,
            "generated_at": page.generated_at,
            "model": page.model,
            "generation_time_ms": page.generation_time_ms,
            "content": page.content,
            **({"valid_until": page.valid_until} if page.valid_until else {}),
            **({"decision": page.decision} if page.decision else {}),
            **({"page_id": page.id} if page.id else {}),
        },
        "shop_context": {"shop_id": page.shop_id, "product_count": page.product_count},
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def from_kv(value: bytes) -> StoredPage | None:
    """Read a kept page; None where it is of another version or does not make sense."""
    try:
        kept = json.loads(value)
        if kept["version"] != VERSION:
            return None
        meta, context = kept["meta"], kept["shop_context"]
        components = [_component(item) for item in _list(kept["ui"]["components"])]
        return StoredPage(
            html=_text(kept["ui"]["html"]),
            components=components,
            persona_type=_text(meta["persona_type"]),
            persona_hash=_text(meta["persona_hash"]),
            generated_at=_text(meta["generated_at"]),
            model=_text(meta["model"]),
            generation_time_ms=int(meta["generation_time_ms"]),
            content=_text(meta["content"]),
            shop_id=_text(context["shop_id"]),
            product_count=int(context["product_count"]),
            valid_until=_moment(meta.get("valid_until")),
            decision=_optional(meta.get("decision")),
            id=_optional(meta.get("page_id")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def _component(item: Mapping[str, object]) -> Component:
    kind, slot, config = item["type"], item["id"], item["config"]
    if not (isinstance(kind, str) and isinstance(slot, str) and isinstance(config, dict)):
        raise TypeError("not a component")
    return Component(kind, slot, config)


def _list(value: object) -> Sequence[Mapping[str, object]]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _moment(value: object) -> int:
    """Return Unix seconds; 0, which is for ever, for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return 0
    return int(value)


def _optional(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
