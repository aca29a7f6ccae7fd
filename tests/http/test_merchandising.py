"""The merchant's rules over HTTP: on every page, whoever composed it, from the moment they hold."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from app.content.site import read_site
from app.main import create_app
from app.pages.ahead import LEAD, ComposeAhead
from app.settings import ROOT, read_settings
from tests.conftest import QUICK, StartServer
from tests.support.clock import Clock
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer, component
from tests.support.shopper_client import Shopper, fillers, slots, stream_of

HERO = component("hero")["config"]["product_id"]
GRID = component("grid")["config"]["product_ids"]
LAMPS = ["dusk-lamp", "paper-moon", "heron-lamp"]
OTHER = "beeswax-tapers"


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """The demo shop, to have rules of its own."""
    shutil.copytree(ROOT / "demo", tmp_path / "shop")
    return tmp_path / "shop" / "catalog.json"


def rule(catalog: Path, text: str) -> str:
    """Make a rule; return the catalog's path."""
    catalog.with_name("merchandising.toml").write_text(text)
    return str(catalog)


def products_in(html: str, slot: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/products/([\w-]+)", slots(html)[slot][1])))


def request_of(model: Model) -> str:
    return json.dumps(model.requests[0].body)


@pytest.mark.parametrize(
    ("text", "slot", "leads"),
    [
        (f"[[rule]]\npin = '{OTHER}'\nslot = 'hero'", "hero", [OTHER]),
        (f"[[rule]]\npin = '{OTHER}'\nslot = 'grid'", "grid", [OTHER, GRID[0]]),
        (f"[[rule]]\nboost = '{GRID[5]}'", "grid", [GRID[5], GRID[0]]),
        (f"[[rule]]\nbury = '{GRID[0]}'", "grid", [GRID[1], GRID[2]]),
        ("[[rule]]\nshare = 0.4\nof = 'category:Lamps'", "grid", [*GRID[:5], *LAMPS]),
        ("[[rule]]\ndiversity = 0.25", "grid", [GRID[0], GRID[1], GRID[4], GRID[5]]),
    ],
)
def test_a_model_that_ignores_a_rule_is_overruled(
    serve: StartServer, model: Model, catalog: Path, text: str, slot: str, leads: list[str]
) -> None:
    model.play(Scenario(answer()))
    server = serve(WANDSTORE_CATALOG=rule(catalog, text), **model.environment)
    with Shopper(server) as shopper:
        shell = shopper.store().text
        events = shopper.follow(stream_of(shell))
        kept = shopper.store().text
    (streamed,) = (e.payload["html"] for e in events if e.payload.get("slot") == slot)
    assert fillers(kept)[slot] == slot, "the component that the model wrote is shown"
    assert products_in(kept, slot)[: len(leads)] == leads
    assert streamed.strip() in kept, "what was streamed is what is kept"


def test_what_is_pinned_to_a_slot_that_may_stay_empty_is_there_whatever_the_model_writes(
    serve: StartServer, model: Model, catalog: Path
) -> None:
    title = {"title": "Which of the three"}
    compared = {"type": "compare", "id": "feature", "config": {**title, "product_ids": LAMPS}}
    told = {"type": "story", "id": "feature", "config": {**title, "product_id": LAMPS[0]}}
    path = rule(catalog, f"[[rule]]\npin = '{GRID[0]}'\nslot = 'feature'")
    filled = []
    for name, written in (("nothing", ()), ("compare", (compared,)), ("story", (told,))):
        model.play(Scenario(answer(component("hero"), component("grid"), *written)))
        with Shopper(serve(name, WANDSTORE_CATALOG=path, **model.environment)) as shopper:
            shell = shopper.store().text
            shopper.follow(stream_of(shell))
            pages = [shell, shopper.store().text]
        assert [products_in(page, "feature") for page in pages] == [[GRID[0]]] * 2, name
        filled.append(fillers(pages[1])["feature"])
    assert filled == ["fallback", "fallback", "story"]


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (f"[[rule]]\nexclude = ['{HERO}', '{GRID[0]}']", {HERO, GRID[0]}),
        ("[[rule]]\nexclude = 'category:Lamps'", {"dusk-lamp", "ember-lantern"}),
        ("[[rule]]\nleast_stock = 10", {GRID[3], GRID[5], "heron-lamp"}),
    ],
)
def test_what_is_excluded_is_on_no_page_of_a_model_of_the_house_or_of_nobody(
    serve: StartServer, model: Model, catalog: Path, text: str, gone: set[str]
) -> None:
    model.play(Scenario(answer()))
    path = rule(catalog, text)
    of_model = serve("model", WANDSTORE_CATALOG=path, **model.environment)
    of_house = serve("house", WANDSTORE_CATALOG=path)
    for server in (of_model, of_house):
        with Shopper(server) as shopper:
            shell = shopper.store().text
            shopper.follow(stream_of(shell))
            pages = [shell, shopper.store().text]
        for page in pages:
            shown = {name for slot in slots(page) for name in products_in(page, slot)}
            assert shown
            assert not shown & gone
    assert all(name not in request_of(model) for name in gone)


def test_the_model_is_told_what_is_pinned(serve: StartServer, model: Model, catalog: Path) -> None:
    model.play(Scenario(answer()))
    path = rule(catalog, f"[[rule]]\npin = '{OTHER}'\nslot = 'hero'")
    with Shopper(serve(WANDSTORE_CATALOG=path, **model.environment)) as shopper:
        shopper.follow(stream_of(shopper.store().text))
    assert f"Begin with these products: hero: {OTHER}." in request_of(model)


@asynccontextmanager
async def opened(
    catalog: Path, clock: Clock, ahead: list[ComposeAhead] | None = None, **more: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Open the shop, with a shopper in it; say who composes `ahead` for it."""
    environment = {
        **QUICK,
        "WANDSTORE_CATALOG": str(catalog),
        "WANDSTORE_DATA": str(catalog.parent / "data"),
        **more,
    }
    settings = read_settings(environment)
    app = create_app(settings, read_site(settings), clock)
    if ahead is not None:
        ahead.append(app.state.ahead)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as shopper:
            yield shopper


async def visited(shopper: httpx.AsyncClient) -> None:
    """Have a page composed for a shopper, who gives a sign of life and is written down."""
    await shopper.get(stream_of((await shopper.get("/store")).text))
    seen = {"events": [{"kind": "shown", "slot": "grid", "by": "grid"}]}
    headers = {"sec-fetch-site": "same-origin"}
    assert (await shopper.post("/signals", json=seen, headers=headers)).is_success


@pytest.mark.anyio
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Europe/Berlin", "America/Los_Angeles"])
async def test_what_begins_at_midnight_is_on_the_page_at_midnight_and_gone_when_it_ends(
    catalog: Path, zone: str
) -> None:
    day = f"timezone = '{zone}'\n[[rule]]\nfrom = 2026-12-01\nuntil = 2026-12-01\n"
    rule(catalog, f"{day}pin = '{OTHER}'\nslot = 'hero'")
    clock = Clock()
    clock.now = datetime(2026, 12, 1, tzinfo=ZoneInfo(zone)).timestamp() - 1
    async with opened(catalog, clock) as shopper:
        shell = (await shopper.get("/store")).text
        await shopper.get(stream_of(shell))
        decided = (await shopper.get("/store")).text
        assert OTHER not in products_in(decided, "hero")
        clock.now += 1
        page = await shopper.get("/store")
        assert page.headers["x-wandstore-page"] == "redrawn"
        assert products_in(page.text, "hero") == [OTHER]
        assert products_in((await shopper.get("/store")).text, "hero") == [OTHER]
        shopper.cookies.clear()
        assert products_in((await shopper.get("/store")).text, "hero") == [OTHER]
        clock.now += 86_400
        assert products_in((await shopper.get("/store")).text, "hero") == products_in(
            decided, "hero"
        )
        clock.now -= 3_600
        assert products_in((await shopper.get("/store")).text, "hero") == [OTHER], "it was put back"


@pytest.mark.anyio
@pytest.mark.parametrize("begins", ["a rule", "an arm", "both"])
async def test_what_begins_at_midnight_was_composed_before_for_who_comes_first(
    catalog: Path, begins: str
) -> None:
    rules = begins != "an arm"
    if rules:
        rule(catalog, f"[[rule]]\nfrom = 2026-12-01\npin = '{OTHER}'\nslot = 'hero'")
    root, day = catalog.parent / "root", datetime(2026, 12, 1, tzinfo=ZoneInfo("UTC"))
    root.mkdir()
    for part in ("components", "static", "prompts"):
        (root / part).symlink_to(ROOT / part)
    if begins != "a rule":
        rare = "{ name = 'b', page = 'house', share = 0.001 }"
        arms = f"{{ name = 'a', page = 'house', share = 999 }}, {rare}"
        trial = f"[[experiment]]\nname = 'trial'\nfrom = 2026-12-01\narms = [{arms}]\n"
        (root / "experiments.toml").write_text(trial)
    clock, found = Clock(), list[ComposeAhead]()
    clock.now = day.timestamp() - LEAD - 1
    async with opened(catalog, clock, found, WANDSTORE_ROOT=str(root)) as shopper:
        ahead = found[0]
        await visited(shopper)
        before = (await shopper.get("/store")).text
        await ahead.prepare("demo")
        assert not ahead.counts, "it is too early"
        clock.now += 2
        await ahead.prepare("demo")
        await ahead.prepare("demo")
        assert ahead.counts == {"composed": 1}, "once is enough"
        assert (await shopper.get("/store")).text == before, "it is not midnight yet"
        clock.now = day.timestamp()
        for first in (False, True):
            if first:
                shopper.cookies.clear()
            page = await shopper.get("/store")
            assert page.headers["x-wandstore-page"] == "kept"
            assert (OTHER in products_in(page.text, "hero")) == rules
            assert stream_of(page.text) == "", "it is whole"
        assert (await shopper.get("/store")).headers["x-wandstore-page"] == "kept"
    with closing(sqlite3.connect(catalog.parent / "data" / "kv.sqlite3")) as pairs:
        owned = pairs.execute("SELECT count(*) FROM pairs WHERE key LIKE 'ui:%'").fetchone()
    assert owned == (1,), "who had no page of their own keeps no copy"


@pytest.mark.anyio
async def test_nothing_is_composed_ahead_while_the_budget_is_spent_and_each_kind_once_after(
    catalog: Path, model: Model
) -> None:
    rule(catalog, f"[[rule]]\nfrom = 2026-12-01\npin = '{OTHER}'\nslot = 'hero'")
    model.play(Scenario(answer()))
    clock, money = Clock(), model.environment
    clock.now = datetime(2026, 12, 1, tzinfo=ZoneInfo("UTC")).timestamp() - LEAD + 1

    async def looks(shop: list[ComposeAhead], number: int) -> Mapping[str, int]:
        for _ in range(number):
            await shop[0].prepare("demo")
        return shop[0].counts

    poor = list[ComposeAhead]()
    async with opened(catalog, clock, poor, WANDSTORE_CALLS_PER_HOUR="1", **money) as shopper:
        await visited(shopper)
        assert len(model.requests) == 1
        assert await looks(poor, 2) == {"left": 2}
        assert len(model.requests) == 1
    richer = list[ComposeAhead]()
    async with opened(catalog, clock, richer, **money):
        assert await looks(richer, 3) == {"composed": 1}
        assert len(model.requests) == 2
    later = list[ComposeAhead]()
    async with opened(catalog, clock, later, **money):
        assert await looks(later, 2) == {"kept": 1}, "who begins meanwhile looks first"
    assert len(model.requests) == 2


@pytest.mark.anyio
async def test_who_could_not_have_a_page_ahead_is_not_paid_for_again_at_each_look(
    catalog: Path, model: Model
) -> None:
    rule(catalog, f"[[rule]]\nfrom = 2026-12-01\npin = '{OTHER}'\nslot = 'hero'")
    model.play(Scenario(answer()), Scenario("no components"))
    clock, found = Clock(), list[ComposeAhead]()
    clock.now = datetime(2026, 12, 1, tzinfo=ZoneInfo("UTC")).timestamp() - LEAD + 1
    async with opened(catalog, clock, found, **model.environment) as shopper:
        (ahead,) = found
        await visited(shopper)
        await ahead.prepare("demo")
        assert ahead.counts == {"failed": 1}
        calls = len(model.requests)
        await ahead.prepare("demo")
        assert (ahead.counts, len(model.requests)) == ({"failed": 1}, calls)
