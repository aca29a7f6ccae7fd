"""Counts what a browser reports as shown or clicked, as far as library and catalog know it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from app.domain.catalog import Shop
from app.domain.facts import CLICK, SHOWN, ReportedEvent

FALLBACK = "fallback"
"""What fills a slot that no component has filled."""

ViewRow = tuple[str, str, str, int, int, int]
"""Slot, component, product, place, and how often it was shown and clicked."""


def to_rows(
    events: Iterable[ReportedEvent], shop: Shop, kinds: Mapping[str, Collection[str]]
) -> list[ViewRow]:
    """Return the counts of a report: of each slot as a whole, and of each product in its place.

    `kinds` has the components that may fill each slot. What neither they nor the catalog know is
    left out. One report counts each once, however often it says so: it is of one look at a page.
    """
    counts: dict[tuple[str, str, str, int], list[int]] = {}
    for event in events:
        slot, component = event.slot, event.component
        if slot not in kinds or component not in (FALLBACK, *kinds[slot]):
            continue
        known = [
            (name, place)
            for place, (name, _) in enumerate(event.items, event.place or 1)
            if name in shop.products
        ]
        if event.kind == CLICK and not known:
            continue
        for name, place in (("", 0), *known):
            count = counts.setdefault((slot, component, name, place), [0, 0])
            count[event.kind != SHOWN] = 1
    return [(*key, shown, clicked) for key, (shown, clicked) in counts.items()]
