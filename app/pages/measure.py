"""What a page's trace adds to the metrics when the page has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.generation.trace import Trace
from app.metrics.registry import Metrics
from app.pages.traced import PageSpan


class Instruments(NamedTuple):
    """What pages are measured with; `clock` gives seconds."""

    clock: Callable[[], float]
    metrics: Metrics
    span: PageSpan


def measure(trace: Trace, metrics: Metrics) -> None:
    """Count how a page ended, who filled it, and what became of what models wrote."""
    metrics.pages.add(trace.status)
    metrics.composing.observe(trace.elapsed_ms / 1000)
    if trace.first_ms is not None:
        metrics.first_component.observe(trace.first_ms / 1000)
    for filler, number in trace.fillers.items():
        metrics.slots.add(filler, amount=number)
    for name, number in trace.counts.items():
        what, _, code = name.partition(":")
        if what == "refused":
            metrics.refusals.add(code, amount=number)
        elif what == "repaired":
            metrics.repairs.add(code, amount=number)
    for kind, number in trace.tokens._asdict().items():
        metrics.tokens.add(kind, amount=number)
