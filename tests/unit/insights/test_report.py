"""The report: counts of the database come out as figures of arms, to the last order."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.content.experiments import ExperimentFile
from app.domain.experiments import POINTS, Arm, Experiment, Experiments
from app.domain.facts import CHECKOUT, Fact
from app.domain.merchandising import Rule
from app.insights.charts import WIDTH, bar_chart, interval_chart
from app.insights.collect import VIEW_DAYS, collect
from app.insights.prices import cost_of
from app.insights.report import compared
from app.insights.summary import summary
from app.storage.db.rows import Generation, PageViews, Visited
from tests.support.databases import KINDS, OpenDatabase, opened
from tests.support.factories import product, shop

pytestmark = pytest.mark.anyio

SHOP = shop(product("oak", "20.00"), product("elm", "5.00"))
ARMS = (Arm("plain", "plain", POINTS // 2), Arm("composed", "model", POINTS))
RUNNING = Experiments((Experiment("pays", POINTS, ARMS),), dollar=0.9)
DAY = 20_000
NOW = DAY * 86_400.0
AT = "2026-11-26T00:00:00.000+00:00"
BEFORE = "2026-11-25T00:00:00.000+00:00"


async def seen(database: OpenDatabase, name: str, arm: str, *orders: int, at: str = AT) -> None:
    """Have a shopper see an arm, and buy for so many cents afterwards."""
    rows = [("grid", "grid", "", 0, 1, 0), ("grid", "grid", "oak", 1, 1, 1)]
    visited = Visited(name, SHOP.id, AT)
    await database.add_views(
        visited, PageViews(DAY, f"pays.{arm}", "newcomer", arm, rows), [("pays", arm)]
    )
    facts = [Fact("purchase", DAY, ("oak",), ("Lamps",), cents=cents) for cents in orders]
    if facts:
        await database.add_facts(Visited(name, SHOP.id, at), facts)


@pytest.fixture(params=KINDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenDatabase]:
    async with opened(request, tmp_path) as made:
        yield made


async def report(database: OpenDatabase) -> dict[str, Any]:
    file, stopped = ExperimentFile(RUNNING), {"pays.plain": "why"}
    found: dict[str, Any] = await collect(database, SHOP, file, stopped, NOW, record_days=DAY)
    assert json.loads(json.dumps(found)) == found
    return found


async def test_who_began_a_checkout_counts_once_however_often(database: OpenDatabase) -> None:
    for name in ("once", "never", "twice"):
        await seen(database, name, "plain")
    for name in ("once", "twice", "twice", "at first"):
        begun = PageViews(DAY, "pays.plain", "newcomer", "", [(CHECKOUT, "", "", 0, 1, 0)])
        await database.add_views(Visited(name, SHOP.id, AT), begun, [("pays", "plain")])
    found = await report(database)
    plain, composed = found["experiments"][0]["arms"]
    assert (plain["visitors"], plain["checkouts"], composed["checkouts"]) == (4, 3, 0)
    assert found["days"] == [{"day": "2024-10-04", "baskets": 0, "checkouts": 4, "orders": 0}]
    assert CHECKOUT not in {row["slot"] for row in found["slots"]}


async def test_baskets_checkouts_and_orders_are_told_by_day_whoever_is_in_an_experiment(
    database: OpenDatabase,
) -> None:
    await seen(database, "one", "plain", 1_000, 500)
    about = (("oak",), ("Lamps",))
    for name in ("two", "three", "three"):
        visited = Visited(name, SHOP.id, AT)
        put, late = (Fact("add_to_basket", day, *about) for day in (DAY, DAY - 1))
        await database.add_facts(visited, [put, late, Fact("view", DAY, *about)])
        begun = PageViews(DAY - 1, "", "newcomer", "", [(CHECKOUT, "", "", 0, 1, 0)])
        await database.add_views(visited, begun, [])
    long_ago = Fact("purchase", DAY - VIEW_DAYS - 1, *about)
    await database.add_facts(Visited("one", SHOP.id, AT), [long_ago])
    await database.add_facts(Visited("away", "another shop", AT), [Fact("purchase", DAY, *about)])
    assert (await report(database))["days"] == [
        {"day": "2024-10-04", "baskets": 2, "checkouts": 0, "orders": 2},
        {"day": "2024-10-03", "baskets": 2, "checkouts": 3, "orders": 0},
    ]


async def test_orders_and_revenue_are_counted_to_the_last_one(database: OpenDatabase) -> None:
    for number in range(110):
        await seen(database, f"a{number}", "plain", *([1_000] if number < 10 else []))
        await seen(database, f"b{number}", "composed", *([1_500, 500] if number < 20 else []))
    await seen(database, "early", "plain", 9_900, at=BEFORE)
    (experiment,) = (await report(database))["experiments"]
    plain, composed = experiment["arms"]
    assert [plain[name] for name in ("visitors", "buyers", "orders", "revenue")] == [
        111,
        10,
        10,
        100.0,
    ]
    assert [composed[name] for name in ("visitors", "buyers", "orders", "revenue")] == [
        110,
        20,
        40,
        400.0,
    ]
    found = composed["difference"]
    assert found["estimate"] == pytest.approx(400 / 110 - 100 / 111)
    assert found["low"] < found["estimate"] < found["high"]
    assert plain["stopped"] == "why"
    assert experiment["shares"]["as_planned"]
    assert experiment["personas"]["newcomer"][1]["orders"] == 40


async def test_one_hostile_client_cannot_swing_the_answer(database: OpenDatabase) -> None:
    for number in range(110):
        await seen(database, f"a{number}", "plain", *([1_000 + number] if number < 10 else []))
        await seen(database, f"b{number}", "composed", *([1_500] if number < 10 else []))
    before, *_ = (await report(database))["experiments"]
    await seen(database, "hostile", "plain", *[10**9] * 20)
    (after,) = (await report(database))["experiments"]
    assert after["arms"][0]["revenue"] == pytest.approx(2 * 10**8 + 100.45), (
        "it is told all the same"
    )
    assert (before["most_per_visitor"], after["most_per_visitor"]) == (None, 15.0)
    was, now = (it["arms"][1]["difference"] for it in (before, after))
    assert abs(now["estimate"] - was["estimate"]) < 15 / 110
    assert (now["high"] - now["low"]) / (was["high"] - was["low"]) < 1.1
    assert after["arms"][0]["revenue_per_visitor"] < 2


async def test_many_hostile_clients_count_as_so_many_good_customers_and_no_more(
    database: OpenDatabase,
) -> None:
    for number in range(110):
        await seen(database, f"a{number}", "plain", *([900 + number] if number < 20 else []))
        await seen(database, f"b{number}", "composed", *([930 + number] if number < 20 else []))
    for number in range(4):
        await seen(database, f"hostile{number}", "plain", 10**9)
    (experiment,) = (await report(database))["experiments"]
    plain, composed = experiment["arms"]
    assert experiment["most_per_visitor"] == pytest.approx(10 * 9.27, abs=1)
    honest = sum(range(900, 920)) / 100
    assert plain["revenue_per_visitor"] * 114 == pytest.approx(
        honest + 4 * experiment["most_per_visitor"]
    )
    assert composed["revenue_per_visitor"] * 110 == pytest.approx(sum(range(930, 950)) / 100)


async def test_who_compares_more_has_wider_intervals(database: OpenDatabase) -> None:
    for number in range(110):
        for arm in ("plain", "composed"):
            await seen(database, f"{arm}{number}", arm, *([1_000 + number] if number < 20 else []))

    async def widths(*arms: Arm) -> list[float]:
        running = ExperimentFile(Experiments((Experiment("pays", POINTS, arms),)))
        found: dict[str, Any] = await collect(database, SHOP, running, {}, NOW, record_days=DAY)
        (experiment,) = found["experiments"]
        both = experiment["arms"], experiment["personas"]["newcomer"]
        return [arms[1]["difference"]["high"] - arms[1]["difference"]["low"] for arms in both]

    plain, composed = ARMS
    third = composed._replace(below=POINTS - 1), Arm("house", "house", POINTS)
    two, three = await widths(*ARMS), await widths(plain, *third)
    assert two[0] < three[0] < two[1] < three[1]


async def test_a_shopper_counts_for_the_arm_they_saw_first(database: OpenDatabase) -> None:
    await seen(database, "one", "plain")
    await seen(database, "one", "composed", 1_000)
    (experiment,) = (await report(database))["experiments"]
    assert [arm["visitors"] for arm in experiment["arms"]] == [1, 0]
    assert [arm["orders"] for arm in experiment["arms"]] == [1, 0]


async def test_what_was_seen_and_clicked_is_told_by_slot_place_and_product(
    database: OpenDatabase,
) -> None:
    for number in range(4):
        await seen(database, f"a{number}", "plain")
    found = await report(database)
    slot, place = found["slots"]
    assert (slot["slot"], slot["place"], slot["shown"], slot["rate"]) == ("grid", 0, 4, 0.0)
    assert (place["place"], place["clicked"], place["rate"]) == (1, 4, 1.0)
    (one,) = found["products"]
    assert (one["arm"], one["product"], one["clicked"]) == ("pays.plain", "oak", 4)


async def test_what_was_bought_is_told_by_the_slot_and_the_decision_that_showed_it(
    database: OpenDatabase,
) -> None:
    await seen(database, "one", "composed")
    await seen(database, "two", "plain")
    page = Generation("p1", "one", "v2_x", "completed", "ui:one:x", AT, decision="abc")
    await database.record([], [page])
    two = ("oak", "elm")
    put = Fact("add_to_basket", DAY, two, two, origins=("p1/hero", "p1/grid"))
    order = Fact("purchase", DAY, two, two, origins=("p1/hero", "long-gone/grid"))
    plain = Fact("purchase", DAY, two, two)
    await database.add_facts(Visited("one", SHOP.id, AT), [put, order, plain])
    await database.add_facts(Visited("far", "another", AT), [order])
    found = await report(database)
    assert [(row["decision"], row["shown"], row["clicked"]) for row in found["decisions"]] == [
        ("composed", 1, 0),
        ("plain", 1, 0),
    ]
    origins = [tuple(row.values()) for row in found["origins"]]
    assert sorted(origins) == [("grid", "", 0, 1), ("grid", "abc", 1, 0), ("hero", "abc", 1, 1)]
    assert [tuple(row.values()) for row in found["bought"]] == [("elm", 1, 2), ("oak", 1, 2)]


async def test_a_pin_is_held_against_what_leads_in_its_place_without_it(
    database: OpenDatabase,
) -> None:
    for day in range(DAY - 4, DAY):
        pinned = day >= DAY - 2
        for persona in ("newcomer", "loyalist"):
            name = "elm" if pinned and persona == "newcomer" else "oak"
            clicked = 20 if name == "elm" else 10
            rows = [("hero", "hero", name, 1, 100, clicked), ("hero", "hero", "oak", 2, 100, 90)]
            seen_then = PageViews(day, "", persona, "", rows)
            await database.add_views(Visited("one", SHOP.id, AT), seen_then, ())
    rule = Rule(3, "pin", ("elm",), slot="hero", personas=("newcomer",), begins=NOW - 2 * 86_400)
    sold = SHOP._replace(rules=(rule, Rule(9, "pin", ("elm",), slot="grid"), Rule(12, "bury")))
    found: dict[str, Any] = await collect(
        database, sold, ExperimentFile(), {}, NOW, record_days=DAY
    )
    hero, grid = found["pins"]
    assert [hero[name] for name in ("line", "shown", "clicked", "rate")] == [3, 200, 40, 0.2]
    assert [hero[f"displaced_{name}"] for name in ("shown", "clicked")] == [200, 20]
    assert hero["difference"] == pytest.approx(0.1)
    assert (grid["shown"], grid["rate"], grid["difference"], grid["low"]) == (0, None, None, None)
    assert (hero["randomised"], hero["low"], hero["called"]) == (False, None, False), "a hint"

    arms = (Arm("now", "model", 1), Arm("free", "model", 2, pins=False), Arm("h", "house", POINTS))
    trial = ExperimentFile(Experiments((Experiment("pin", POINTS, arms),)))
    for arm, name, clicked in (("now", "elm", 80), ("free", "oak", 20), ("h", "elm", 100)):
        for number in range(100):
            about = Visited(f"{arm}{number}", SHOP.id, AT)
            for at in (AT, AT.replace(":00.", ":01.")) if number < clicked else (AT,):
                rows = [("hero", "hero", name, 1, 2, 3 * (number < clicked))]
                seen_then = PageViews(DAY - 1, f"pin.{arm}", "newcomer", "", rows)
                await database.add_views(about._replace(at=at), seen_then, [("pin", arm)])
    again: dict[str, Any] = await collect(database, sold, trial, {}, NOW, record_days=DAY)
    hero = again["pins"][0]
    assert hero["randomised"]
    assert [hero[name] for name in ("shown", "rate", "displaced_rate")] == [100, 0.8, 0.2]
    assert hero["low"] < 0.6 < hero["high"]
    assert hero["called"]


async def test_what_an_arm_earns_is_told_net_of_its_tokens(database: OpenDatabase) -> None:
    await seen(database, "one", "composed", 10_000)
    for number in range(2):
        page = Generation(
            f"p{number}",
            "one",
            "v2_newcomer_0_x.pays.composed",
            "completed",
            "ui:one:x",
            AT,
            model="kimi-k2.6+house",
            prompt_tokens=1_000_000,
            completion_tokens=500_000,
        )
        await database.record([], [page])
    (experiment,) = (await report(database))["experiments"]
    composed = experiment["arms"][1]
    cost = 2 * (0.95 + 2.0) * 0.9
    assert (composed["pages"], composed["tokens"]) == (2, 3_000_000)
    assert composed["cost"] == pytest.approx(cost)
    assert composed["cost_per_page"] == pytest.approx(cost / 2)
    assert experiment["arms"][0]["cost_per_page"] is None, "nothing was composed"
    assert composed["net_per_visitor"] == pytest.approx(100 - cost)
    assert composed["revenue_per_unit_spent"] == pytest.approx(100 / cost)
    await database.record([], [page._replace(id="p2", model="some-model+house")])
    found = await report(database)
    composed = found["experiments"][0]["arms"][1]
    assert (composed["cost"], composed["net_per_visitor"]) == (None, None)
    assert found["unpriced"] == ["some-model"]
    assert "net of tokens unknown" in summary(found)
    assert "not known: some-model" in summary(found)
    assert "lacks `dollar`" not in summary(found)
    assert "lacks `dollar`" in summary({**found, "dollar": None})


async def test_what_was_spent_before_an_experiment_is_not_its_own_nor_is_what_is_forgotten_free(
    database: OpenDatabase,
) -> None:
    holdout = Experiments((Experiment("pays", POINTS, ARMS),), holdout=POINTS // 20, dollar=1.0)
    rows = [("grid", "grid", "", 0, 1, 0)]
    about = Visited("one", SHOP.id, AT)
    await database.add_views(about, PageViews(DAY, "", "newcomer", "", rows), [("holdout", "rest")])
    for at in (BEFORE, AT):
        page = Generation(at, "one", "v2_x", "completed", "ui:one:x", at, model="kimi-k2.6")
        await database.record([], [page._replace(completion_tokens=1_000_000)])

    async def told(days: float) -> dict[str, Any]:
        now = datetime.fromisoformat(AT).timestamp() + 86_400 * 10
        file = ExperimentFile(holdout)
        found: dict[str, Any] = await collect(database, SHOP, file, {}, now, record_days=days)
        return found

    rest = (await told(10))["experiments"][0]["arms"][1]
    assert (rest["pages"], rest["cost"]) == (1, 4.0), "that of the day before is not counted"
    late = await told(9)
    assert late["experiments"][0]["arms"][1]["cost"] is None
    assert "what its first pages cost is not known" in summary(late)


async def test_wrong_shares_are_warned_of(database: OpenDatabase) -> None:
    for number in range(200):
        await seen(database, f"a{number}", "plain" if number % 10 else "composed")
    (experiment,) = (await report(database))["experiments"]
    assert not experiment["shares"]["as_planned"]


def test_a_price_that_is_not_known_is_not_guessed() -> None:
    assert cost_of("some-model", 1_000, 0, 1_000) is None
    assert cost_of("house", 0, 0, 0) == cost_of("", 0, 0, 0) == 0.0
    assert cost_of("kimi-k2.6", 1_000_000, 1_000_000, 0) == pytest.approx(0.16)


def test_what_an_arm_brings_is_said_in_words() -> None:
    first = {"arm": "plain", "net_per_visitor": 1.0}

    def said(low: float | None, high: float = 3.0, more: int | None = None, cost: float = 0) -> str:
        called = low is not None and (low > 0 or high < 0)
        found = {"estimate": (low or 0) + 1, "low": low, "high": high, "called": called}
        arm = {"arm": "next", "net_per_visitor": 2.5, "cost": cost}
        return compared({**arm, "difference": {**found, "still_needed": more}}, first, "EUR")

    assert said(None) == (
        "Nothing can be said yet: each of next and plain needs 100 visitors, some of whom buy."
    )
    assert said(1_234) == (
        "next brings 1,235.00 EUR a visitor more than plain (+1,234.00 to +3.00)."
    )
    assert said(-5, -1, cost=3).startswith("next brings 4.00 EUR a visitor less than plain")
    assert said(1, cost=3).endswith("; after what its tokens cost +1.50.")
    so_far = "No difference between next and plain so far (-1.00 to +3.00 EUR a visitor): "
    assert said(-1, more=1_200) == f"{so_far}about 1,200 visitors more would tell."
    assert said(-1, more=0) == f"{so_far}a few visitors more would tell."
    assert said(-1, more=99_000_000) == f"{so_far}there seems to be none."


def test_charts_stay_within_their_width() -> None:
    arms: list[dict[str, Any]] = [
        {"arm": "a"},
        {"arm": "b", "difference": {"low": None, "estimate": 1.0, "high": None}},
        {"arm": "c", "difference": {"low": -2.0, "estimate": 1.0, "high": 4.0}},
        {"arm": "d", "difference": {"low": 5.0, "estimate": 6.0, "high": 7.0}},
    ]
    chart = interval_chart(arms)
    assert chart is not None
    assert [row.label for row in chart.rows] == ["c", "d"]
    for row in chart.rows:
        assert 0 < row.low < row.middle < row.high < WIDTH
    assert chart.rows[0].low < chart.zero < chart.rows[1].low
    assert interval_chart(arms[:2]) is None
    rows = [
        {"slot": "hero", "place": 0, "shown": 100, "clicked": 10},
        {"slot": "grid", "place": 0, "shown": 100, "clicked": 5},
        {"slot": "grid", "place": 1, "shown": 100, "clicked": 99},
        {"slot": "cta", "place": 0, "shown": 0, "clicked": 0},
    ]
    assert [(bar.label, bar.width, bar.text) for bar in bar_chart(rows)] == [
        ("hero", WIDTH, "10.0%"),
        ("grid", WIDTH / 2, "5.0%"),
    ]
