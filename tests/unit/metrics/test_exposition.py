"""Metrics as Prometheus reads them: to the letter of its text format."""

from __future__ import annotations

from app.metrics.exposition import Count, Histogram, gauge


def test_a_counter() -> None:
    visits = Count("visits_total", "Visits.", "outcome")
    visits.add("kept")
    visits.add("kept")
    visits.add("shell", amount=3)
    assert list(visits.lines()) == [
        "# HELP visits_total Visits.",
        "# TYPE visits_total counter",
        'visits_total{outcome="kept"} 2',
        'visits_total{outcome="shell"} 3',
    ]


def test_a_histogram_counts_up_to_each_bound_and_the_bound_itself() -> None:
    took = Histogram("took_seconds", "Time.", (0.1, 1), "store")
    for seconds in (0.05, 0.1, 0.5, 7):
        took.observe(seconds, "kv")
    assert list(took.lines()) == [
        "# HELP took_seconds Time.",
        "# TYPE took_seconds histogram",
        'took_seconds_bucket{store="kv",le="0.1"} 2',
        'took_seconds_bucket{store="kv",le="1"} 3',
        'took_seconds_bucket{store="kv",le="+Inf"} 4',
        'took_seconds_sum{store="kv"} 7.65',
        'took_seconds_count{store="kv"} 4',
    ]


def test_a_histogram_says_which_share_was_within_a_bound() -> None:
    took = Histogram("took_seconds", "Time.", (0.1, 1), "store")
    assert took.share_within(1) is None
    for store, seconds in (("kv", 0.1), ("kv", 1), ("kv", 7), ("database", 0.5)):
        took.observe(seconds, store)
    assert (took.share_within(0.1), took.share_within(1)) == (0.25, 0.75)


def test_a_gauge_with_and_without_labels() -> None:
    assert gauge("readers", "Readers.", [({}, 3), ({"of": "page"}, 1.5)]) == (
        '# HELP readers Readers.\n# TYPE readers gauge\nreaders 3\nreaders{of="page"} 1.5'
    )


def test_no_label_can_end_its_line() -> None:
    events = Count("events_total", "Events.", "event")
    events.add('a "b" \\ c\nd')
    assert list(events.lines())[-1] == 'events_total{event="a \\"b\\" \\\\ c\\nd"} 1'
