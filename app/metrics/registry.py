"""The metrics of the shop, by their names in `/metrics`."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.experiments import PLAIN
from app.metrics.counters import Counters
from app.metrics.exposition import MOMENTS, SECONDS, Count, Histogram

VISITS = (
    "wandstore_visits_total",
    "Visits by their page: kept, redrawn, whole (shared by a kind), shell, fallback, plain.",
    "outcome",
)
STORAGE = ("wandstore_storage_seconds", "What KV and the database took.", "store", "operation")
STORAGE_ERRORS = (
    "wandstore_storage_errors_total",
    "What KV and the database did not do.",
    "store",
    "operation",
)
EVENTS = ("wandstore_events_total", "What else is counted, by part and event.", "part", "event")
"""Name, meaning and labels of what the Worker tells as well, in the same words."""

HITS = ("kept", "redrawn", "whole")
"""Outcomes of visits that found a page ready; the rules in `deploy/alerts.yml` have the same."""


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.visits = Count(*VISITS)
        self.pages = Count(
            "wandstore_pages_total",
            "Pages composed, by how they ended; degraded is composed by the house in want of a "
            "model.",
            "status",
        )
        self.composing = Histogram(
            "wandstore_composing_seconds", "From a page's start to its end.", SECONDS
        )
        self.first_component = Histogram(
            "wandstore_first_component_seconds", "From a page's start to its first part.", SECONDS
        )
        self.slots = Count(
            "wandstore_slots_total", "Parts of composed pages, by who filled them.", "filler"
        )
        self.refusals = Count(
            "wandstore_refusals_total", "What a model wrote and was not shown, by code.", "code"
        )
        self.repairs = Count(
            "wandstore_repairs_total", "What was mended in a model's JSON, by kind.", "kind"
        )
        self.model_calls = Count(
            "wandstore_model_calls_total",
            "Calls to models, by outcome and HTTP status.",
            "model",
            "outcome",
            "status",
        )
        self.tokens = Count(
            "wandstore_tokens_total", "Tokens, as the providers counted them.", "kind"
        )
        name, meaning, *labels = STORAGE
        self.storage = Histogram(name, meaning, MOMENTS, *labels)
        self.storage_errors = Count(*STORAGE_ERRORS)
        self.loop_lag = Histogram(
            "wandstore_loop_lag_seconds",
            "How late the event loop was, ten a second.",
            MOMENTS,
        )

    @property
    def hit_rate(self) -> float | None:
        """Which share of visits that want one found a page ready; None before the first."""
        visits = self.visits.values
        total = sum(visits.values()) - visits.get((PLAIN,), 0)  # where no hit is to be had
        return sum(visits.get((outcome,), 0) for outcome in HITS) / total if total else None

    def render(self, counters: Counters, gauges: Iterable[str]) -> bytes:
        """Return everything as Prometheus reads it; `gauges` are rendered already."""
        events = Count(*EVENTS)
        for part, counts in counters.items():
            for event, number in dict(counts).items():
                events.add(part, event, amount=number)
        measured = (*vars(self).values(), events)
        lines = (line for metric in measured for line in metric.lines())
        return "\n".join([*lines, *gauges, ""]).encode()
