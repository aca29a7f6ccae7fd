"""The report on a shop in a few lines, as `wandstore insights` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.insights.report import compared


def summary(report: Mapping[str, Any]) -> str:
    """Return the arms of each experiment, a line each."""
    lines = list(_lines(report))
    return "\n".join(lines or ["no experiment is written down in experiments.toml"])


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    for experiment in report["experiments"]:
        warning = "" if experiment["shares"]["as_planned"] else ": the shares are not as planned"
        yield f"{experiment['name']}{warning}"
        if not experiment["recorded"]:
            yield "  it began before WANDSTORE_RECORD_DAYS: what its first pages cost is not known"
        if experiment["former"]:
            yield f"  no figure has the visitors of former arms: {', '.join(experiment['former'])}"
        for arm in experiment["arms"]:
            each = f"{arm['revenue_per_visitor']:,.2f} {report['currency']}"
            net = "unknown" if arm["net_per_visitor"] is None else f"{arm['net_per_visitor']:,.2f}"
            yield (
                f"  {arm['arm']}: {arm['visitors']:,} visitors, {arm['orders']:,} orders, "
                f"{each} a visitor, net of tokens {net}"
            )
            if arm["stopped"]:
                yield f"    it has stopped itself: {arm['stopped']}"
            if "difference" in arm:
                yield f"    {compared(arm, experiment['arms'][0], report['currency'])}"
    if report["experiments"] and report["dollar"] is None:
        currency = report["currency"]
        yield f"what tokens cost is not known in {currency}: experiments.toml lacks `dollar`"
    if report["unpriced"]:
        yield f"what these models cost is not known: {', '.join(report['unpriced'])}"
