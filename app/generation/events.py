"""Events -> finished page: the journal folded up, so that streamed and kept page are one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from app.domain.catalog import Shop
from app.domain.events import Event, EventName
from app.domain.page import Component, Refusal, RenderedComponent, StoredPage
from app.rendering.renderer import Renderer, SlotContent

_BETWEEN_REPLAYS = 1_000_000
"""Replays of a page begin at ids a second apart: those of one never meet those of another."""


def component_data(drawn: RenderedComponent) -> str:
    """Return the data of a `component` event."""
    payload = {"slot": drawn.component.slot, "type": drawn.component.type, "html": drawn.html}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def fold(events: Iterable[Event], fallbacks: Mapping[str, SlotContent]) -> dict[str, SlotContent]:
    """Return what stands in each slot once all events have happened, in any order of slots."""
    fillings = dict(fallbacks)
    for event in events:
        if event.name == "component":
            payload = json.loads(event.data)
            fillings[payload["slot"]] = SlotContent(payload["type"], payload["html"])
    return fillings


def ready_data(page: StoredPage) -> str:
    """Return the data of the `ready` event."""
    payload = {"persona_hash": page.persona_hash, "generated_at": page.generated_at}
    return json.dumps(payload, separators=(",", ":"))


def as_events(page: StoredPage, renderer: Renderer, shop: Shop, first_id: int) -> tuple[Event, ...]:
    """Return the events that fold into a kept page, numbered from `first_id`."""
    entries: list[tuple[EventName, str]] = []
    for component in page.components:
        html = renderer.component(component, shop)
        if not isinstance(html, Refusal):
            entries.append(("component", component_data(RenderedComponent(component, html))))
    entries.append(("ready", ready_data(page)))
    return tuple(Event(first_id + at, name, data) for at, (name, data) in enumerate(entries))


def replay(page: StoredPage, renderer: Renderer, shop: Shop, after: int) -> tuple[Event, ...]:
    """Return the events of a kept page that a reader has not seen, whose last one was `after`.

    A replay's ids are the same each time, so that a reader who is cut off again and again gets on.
    An id of something else, of the composing itself say, is answered with the whole page.
    """
    events = as_events(page, renderer, shop, 0)
    first = _first_id(_composed_at(page), after, len(events))
    return tuple(
        event._replace(id=first + event.id) for event in events if first + event.id > after
    )


def _first_id(earliest: int, after: int, length: int) -> int:
    """Return where the replay begins that `after` is in the midst of, else where the next does."""
    if after < earliest:
        return earliest
    replays, position = divmod(after - earliest, _BETWEEN_REPLAYS)
    under_way = position < length - 1
    return earliest + (replays if under_way else replays + 1) * _BETWEEN_REPLAYS


def _composed_at(page: StoredPage) -> int:
    """Return microseconds since the epoch, as ids count; an early one where that is not said."""
    try:
        return round(datetime.fromisoformat(page.generated_at).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return _BETWEEN_REPLAYS


def to_kv(page: StoredPage) -> bytes:
    """Return a page as KV keeps it (contract: KV value, version 1)."""
    value = {
        "version": 1,
        "ui": {"html": page.html, "components": [item.as_json() for item in page.components]},
        "meta": {
            "persona_type": page.persona_type,
            "persona_hash": page.persona_hash,
            "generated_at": page.generated_at,
            "model": page.model,
            "generation_time_ms": page.generation_time_ms,
            "content": page.content,
        },
        "shop_context": {"shop_id": page.shop_id, "product_count": page.product_count},
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def from_kv(value: bytes) -> StoredPage | None:
    """Read a kept page; None where it is of another version or does not make sense."""
    try:
        kept = json.loads(value)
        if kept["version"] != 1:
            return None
        meta, context = kept["meta"], kept["shop_context"]
        components = [_component(item) for item in kept["ui"]["components"]]
        return StoredPage(
            html=str(kept["ui"]["html"]),
            components=components,
            persona_type=str(meta["persona_type"]),
            persona_hash=str(meta["persona_hash"]),
            generated_at=str(meta["generated_at"]),
            model=str(meta["model"]),
            generation_time_ms=int(meta["generation_time_ms"]),
            content=str(meta["content"]),
            shop_id=str(context["shop_id"]),
            product_count=int(context["product_count"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def _component(item: Mapping[str, object]) -> Component:
    kind, slot, config = item["type"], item["id"], item["config"]
    if not (isinstance(kind, str) and isinstance(slot, str) and isinstance(config, dict)):
        raise TypeError("not a component")
    return Component(kind, slot, config)
