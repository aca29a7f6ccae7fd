"""Counters, gauges and histograms, and the text in which Prometheus reads them.

The format is the one that Prometheus calls text, version 0.0.4. Label values come from our own code
and settings: each metric has as many series as there are kinds of things, never one a shopper.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50)
"""Upper bounds of what a page takes."""

MOMENTS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""Upper bounds of what should take no time."""


class Count:
    """A number that only grows, one for each combination of the labels' `values`."""

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self._name = name
        self._meaning = meaning
        self._labels = labels
        self.values: dict[tuple[str, ...], float] = {}

    def add(self, *values: str, amount: float = 1) -> None:
        """Add to the number of these labels' values."""
        self.values[values] = self.values.get(values, 0) + amount

    def lines(self) -> Iterator[str]:
        """Yield the metric as Prometheus reads it."""
        yield from _head(self._name, self._meaning, "counter")
        for values, number in list(self.values.items()):
            yield _sample(self._name, dict(zip(self._labels, values, strict=True)), number)


class Histogram:
    """How long something took, in buckets, for each combination of labels."""

    def __init__(self, name: str, meaning: str, bounds: tuple[float, ...], *labels: str) -> None:
        self._name = name
        self._meaning = meaning
        self._bounds = bounds
        self._labels = labels
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, seconds: float, *values: str) -> None:
        """Put a duration into its bucket."""
        counts = self._counts.get(values)
        if counts is None:
            counts = self._counts[values] = [0] * (len(self._bounds) + 1)
            self._sums[values] = 0.0
        counts[bisect_left(self._bounds, seconds)] += 1
        self._sums[values] += seconds

    def share_within(self, bound: float) -> float | None:
        """Return which share took no longer than one of the bounds; None where nothing is known."""
        within = self._bounds.index(bound) + 1
        total = sum(map(sum, self._counts.values()))
        if not total:
            return None
        return sum(sum(counts[:within]) for counts in self._counts.values()) / total

    def lines(self) -> Iterator[str]:
        """Yield the metric as Prometheus reads it."""
        yield from _head(self._name, self._meaning, "histogram")
        for values, counts in list(self._counts.items()):
            labels, total = dict(zip(self._labels, values, strict=True)), 0
            for bound, count in zip((*self._bounds, None), counts, strict=True):
                total += count
                upper = {"le": "+Inf" if bound is None else f"{bound:g}"}
                yield _sample(f"{self._name}_bucket", {**labels, **upper}, total)
            yield _sample(f"{self._name}_sum", labels, self._sums[values])
            yield _sample(f"{self._name}_count", labels, total)


def gauge(name: str, meaning: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> str:
    """Return a number that rises and falls, as Prometheus reads it."""
    drawn = (_sample(name, labels, number) for labels, number in samples)
    return "\n".join([*_head(name, meaning, "gauge"), *drawn])


def _head(name: str, meaning: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def _sample(name: str, labels: Mapping[str, str], number: float) -> str:
    inner = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{inner}}} {number:.10g}" if inner else f"{name} {number:.10g}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
