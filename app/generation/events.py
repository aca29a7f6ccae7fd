"""The events of a page: their payloads, the page they fold into, and a finished page's replay."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from app.domain.catalog import Shop
from app.domain.events import Event, EventName
from app.domain.page import RenderedComponent, StoredPage
from app.rendering.language import Language
from app.rendering.renderer import Renderer, SlotContent

Entry = tuple[EventName, str]
"""An event before it has an id: its name, and its data as JSON on one line."""

_BETWEEN_REPLAYS = 1_000_000
"""Replays of a page begin at ids a second apart: those of one never meet those of another."""


def component_event(rendered: RenderedComponent) -> Entry:
    """Return a `component` event: the HTML of one slot."""
    component = rendered.component
    return "component", _json(slot=component.slot, type=component.type, html=rendered.html)


def progress_event(stage: str, percent: int) -> Entry:
    """Return a `progress` event."""
    return "progress", _json(stage=stage, percent=percent)


def ready_event(page: StoredPage) -> Entry:
    """Return the `ready` event: the page is whole."""
    return "ready", _json(persona_hash=page.persona_hash, generated_at=page.generated_at)


def error_event(code: str, language: Language) -> Entry:
    """Return an `error` event: a code, and words fit for a shopper."""
    message = language.gettext(
        "We could not arrange this page for you. The whole shop is here all the same."
    )
    return "error", _json(code=code, message=message)


def fold(events: Iterable[Event], fallbacks: Mapping[str, SlotContent]) -> dict[str, SlotContent]:
    """Return what stands in each slot once all events have happened, in any order of slots."""
    fillings = dict(fallbacks)
    for event in events:
        if event.name == "component":
            payload = json.loads(event.data)
            fillings[payload["slot"]] = SlotContent(payload["type"], payload["html"])
    return fillings


def replay(page: StoredPage, renderer: Renderer, shop: Shop, after: int) -> tuple[Event, ...]:
    """Return the events of a kept page that a reader has not seen, whose last one was `after`.

    A replay's ids are the same each time, so that a reader who is cut off again and again gets on.
    An id of something else, of the composing itself say, is answered with the whole page.
    """
    drawn = ((it, renderer.component(it, shop)) for it in page.components)
    entries = [
        component_event(RenderedComponent(it, html)) for it, html in drawn if isinstance(html, str)
    ]
    entries.append(ready_event(page))
    first = _first_id(_composed_at(page), after, len(entries))
    return tuple(Event(at, *entry) for at, entry in enumerate(entries, first) if at > after)


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


def _json(**payload: object) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
