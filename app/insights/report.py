"""Counts of experiments -> what each arm brings, how sure that is, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple

from app.domain.experiments import HELD, HOLDOUT, POINTS, REST, Assignment, Experiments
from app.domain.facts import SECONDS_A_DAY
from app.domain.persona import PERSONA_TYPES
from app.insights.prices import PRICES_OF, cost_of, unpriced
from app.insights.sequences import (
    ALPHA,
    FEWEST_VISITORS,
    SHARES_ALPHA,
    Sample,
    deviation_of,
    difference,
    shares_differ,
    visitors_needed,
)
from app.storage.db.rows import Row, stamp

_CENTS = 100
_FIGURES = ("visitors", "baskets", "checkouts", "buyers", "orders")
"""What is told of an arm beside money: visitors, and how many of them did what."""

_ENDLESS = 10_000_000
"""Visitors for whom nobody waits."""


class Counts(NamedTuple):
    """Rows of the database: outcomes of visitors, views of slots and products, costs of pages.

    Then views by what decided the page, and what was put into baskets and bought by its origin, by
    product and by day, with the checkouts that were begun.
    """

    outcomes: Sequence[Row]
    slots: Sequence[Row]
    products: Sequence[Row]
    costs: Sequence[Row]
    decisions: Sequence[Row] = ()
    origins: Sequence[Row] = ()
    bought: Sequence[Row] = ()
    days: Sequence[Row] = ()


class Spent(NamedTuple):
    """Pages, the tokens that they cost, and the dollars; None where a price is not known."""

    pages: int
    tokens: int
    dollars: float | None


_NOTHING = Spent(0, 0, 0.0)


def comparisons(experiments: Experiments) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield what is compared: the arms of each experiment, and the holdout with all others.

    Each has the planned shares of its arms, the control first.
    """
    if experiments.holdout:
        held = experiments.holdout / POINTS
        yield HOLDOUT, {HELD: held, REST: 1 - held}
    for item in experiments.running:
        widths = pairwise((0, *(arm.below for arm in item.arms)))
        shares = ((high - low) / POINTS for low, high in widths)
        yield item.name, dict(zip((arm.name for arm in item.arms), shares, strict=True))


def report(
    counts: Counts,
    experiments: Experiments,
    stopped: Mapping[str, str],
    *,
    currency: str,
    dollar: float | None,
    recorded_from: str = "",
) -> dict[str, object]:
    """Return all that is known, ready for JSON. Money is in the shop's currency.

    `stopped` says of arms why they stopped themselves; `dollar` is what one costs in the currency,
    None where that is not known: then nothing is net of tokens. Nor is an experiment that began
    before the day from which on pages are recorded, `recorded_from`.
    """
    return {
        "currency": currency,
        "alpha": ALPHA,
        "method": "asymptotic confidence sequences, arXiv:2103.06476; shares: arXiv:2011.03567",
        "prices_of": PRICES_OF,
        "dollar": dollar,
        "unpriced": sorted(
            set[str]().union(*(unpriced(row["model"] or "") for row in counts.costs))
        ),
        "experiments": [
            _experiment(name, arms, counts, stopped, dollar=dollar, recorded_from=recorded_from)
            for name, arms in comparisons(experiments)
        ],
        "slots": [_rated(row) for row in counts.slots],
        "products": [_rated(row) for row in counts.products],
        "decisions": [_rated(row) for row in counts.decisions],
        "origins": [dict(row) for row in counts.origins],
        "bought": [dict(row) for row in counts.bought],
        "days": [{**row, "day": stamp(row["day"] * SECONDS_A_DAY)[:10]} for row in counts.days],
    }


def _experiment(
    name: str,
    arms: Mapping[str, float],
    counts: Counts,
    stopped: Mapping[str, str],
    *,
    dollar: float | None,
    recorded_from: str,
) -> dict[str, object]:
    own = [row for row in counts.outcomes if row["experiment"] == name]
    since = min((row["since"] for row in own), default="")
    costs = _costs(row for row in counts.costs if row["day"] >= since)
    is_recorded = not own or since >= recorded_from
    visitors = [sum(row["visitors"] for row in own if row["arm"] == arm) for arm in arms]
    p_value = shares_differ(visitors, [*arms.values()])
    personas = sorted({row["persona"] for row in own})
    alpha = ALPHA / (len(arms) - 1)
    bound = max((row["bound"] for row in own if row["counted"] < row["cents"]), default=None)
    return {
        "name": name,
        "recorded": is_recorded,
        "most_per_visitor": bound and bound / _CENTS,
        "former": sorted({row["arm"] for row in own}.difference(arms)),
        "shares": {
            "planned": dict(arms),
            "p_value": p_value,
            "as_planned": p_value >= SHARES_ALPHA,
        },
        "arms": [
            {
                **figures,
                **_spent(name, figures, costs, dollar if is_recorded else None),
                "stopped": stopped.get(Assignment(name, figures["arm"]).key),
            }
            for figures in _arms(arms, own, alpha)
        ],
        "personas": {
            persona: _arms(arms, rows, alpha / len(PERSONA_TYPES))
            for persona in personas
            for rows in ([row for row in own if row["persona"] == persona],)
        },
    }


def _arms(arms: Iterable[str], rows: Sequence[Row], alpha: float) -> list[dict[str, Any]]:
    """Return the figures of each arm, and what it brings more than the first.

    A visitor's revenue is what counts of it: no single one decides.
    """
    samples: dict[str, Sample] = {}
    found = []
    for arm in arms:
        own = [row for row in rows if row["arm"] == arm]
        total = {
            name: sum(row[name] for row in own)
            for name in (*_FIGURES, "cents", "counted", "squares")
        }
        counted = total["counted"] / _CENTS
        sample = Sample(total["visitors"], counted, total["squares"] / _CENTS**2)
        control = next(iter(samples.values()), None)
        samples[arm] = sample
        figures: dict[str, Any] = {
            "arm": arm,
            **{name: total[name] for name in _FIGURES},
            "revenue": round(total["cents"] / _CENTS, 2),
            "revenue_per_visitor": sample.mean,
        }
        if control is not None:
            figures["difference"] = _difference(sample, control, alpha)
        found.append(figures)
    return found


def _difference(arm: Sample, control: Sample, alpha: float) -> dict[str, object]:
    found = difference(arm, control, alpha)
    visitors = arm.visitors + control.visitors
    known = isfinite(found.low)
    deviation = deviation_of(arm, control)
    needed = visitors_needed(found.estimate, deviation, alpha) if known else None
    return {
        "estimate": found.estimate,
        "low": found.low if known else None,
        "high": found.high if known else None,
        "called": found.called,
        "needed": needed,
        "still_needed": None if needed is None or found.called else max(0, needed - visitors),
    }


def compared(arm: Mapping[str, Any], first: Mapping[str, Any], currency: str) -> str:
    """Say in words what an arm brings more than the first, how sure that is, and what is left."""
    found, names = arm["difference"], f"{arm['arm']} and {first['arm']}"
    if found["low"] is None:
        fewest = f"each of {names} needs {FEWEST_VISITORS} visitors, some of whom buy"
        return f"Nothing can be said yet: {fewest}."
    by, span = abs(found["estimate"]), f"{found['low']:+,.2f} to {found['high']:+,.2f}"
    if not found["called"]:
        left = found["still_needed"]
        needed = f"{f'about {left:,}' if left else 'a few'} visitors more would tell"
        if left > _ENDLESS:
            needed = "there seems to be none"
        return f"No difference between {names} so far ({span} {currency} a visitor): {needed}."
    word = "more" if found["estimate"] > 0 else "less"
    text = f"{arm['arm']} brings {by:,.2f} {currency} a visitor {word} than {first['arm']} ({span})"
    if arm["cost"] and None not in (net := (arm["net_per_visitor"], first["net_per_visitor"])):
        text += f"; after what its tokens cost {net[0] - net[1]:+,.2f}"
    return f"{text}."


def _spent(
    experiment: str,
    figures: Mapping[str, Any],
    costs: Mapping[str, Spent],
    dollar: float | None,
) -> dict[str, Any]:
    """Return what an arm's pages cost, and what is left of a visitor's revenue."""
    key = Assignment(experiment, figures["arm"]).key
    spent = costs.get(key, _NOTHING)
    if key == Assignment(HOLDOUT, REST).key:
        spent = reduce(_added, costs.values(), _NOTHING)
    dollars, visitors = spent.dollars, figures["visitors"]
    cost = None if dollars is None or dollar is None else dollars * dollar
    each = (
        None if cost is None or not visitors else figures["revenue_per_visitor"] - cost / visitors
    )
    earned = figures["revenue_per_visitor"] * visitors / cost if cost else None
    return {
        "pages": spent.pages,
        "tokens": spent.tokens,
        "cost": cost,
        "cost_per_page": cost / spent.pages if cost else None,
        "net_per_visitor": each,
        "revenue_per_unit_spent": earned,
    }


def _costs(rows: Iterable[Row]) -> dict[str, Spent]:
    """Return what the pages of each arm cost."""
    found: dict[str, Spent] = {}
    for row in rows:
        tokens = (row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"])
        cost = cost_of(row["model"] or "", *tokens)
        spent = Spent(row["pages"], row["prompt_tokens"] + row["completion_tokens"], cost)
        found[row["arm"]] = _added(found.get(row["arm"], _NOTHING), spent)
    return found


def _added(one: Spent, other: Spent) -> Spent:
    known = one.dollars is not None and other.dollars is not None
    dollars = (one.dollars or 0.0) + (other.dollars or 0.0) if known else None
    return Spent(one.pages + other.pages, one.tokens + other.tokens, dollars)


def _rated(row: Row) -> dict[str, object]:
    return {**row, "rate": row["clicked"] / row["shown"] if row["shown"] else None}
