"""Experiments over HTTP: who gets which page, what is told of it, and what a changed prompt does."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from functools import partial
from pathlib import Path

import httpx
import pytest

from app.pages import arms
from app.settings import ROOT
from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer, component
from tests.support.shopper_client import Shopper, fillers, slots, stream_of
from tests.support.stored import forget_layouts, kept_pages, pairs, rows
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

PLAIN = "{ name = 'plain', page = 'plain', share = 0.001 }"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A shop's folder of our own components, and prompts to change, to have experiments."""
    folder = tmp_path / "shop"
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    for part in ("components", "static"):
        (folder / part).symlink_to(ROOT / part)
    return folder


def run(root: Path, arm: str, other: str = PLAIN, more: str = "") -> str:
    """Run an experiment in which all but one shopper in a million are in the first arm."""
    arms = f"arms = [{arm.replace(' }', ', share = 999 }')}, {other}]"
    put(root / "experiments.toml", f"[[experiment]]\nname = 'trial'\n{arms}\n{more}")
    return str(root)


def put(path: Path, text: str | bytes) -> None:
    """Write a file that nobody sees half of."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(text.encode() if isinstance(text, str) else text)
    fresh.replace(path)


def visited(server: Server) -> tuple[str, str]:
    """Return the first page of a new shopper, and the one that they have afterwards."""
    with Shopper(server) as shopper:
        first = shopper.store().text
        if stream := stream_of(first):
            shopper.follow(stream)
        return first, shopper.store().text


def test_the_plain_arm_has_the_fallback_as_its_page_and_costs_nothing(
    serve: StartServer, model: Model, root: Path
) -> None:
    arm = "{ name = 'plain', page = 'plain' }"
    other = "{ name = 'model', page = 'model', share = 0.001 }"
    server = serve(WANDSTORE_ROOT=run(root, arm, other), **model.environment)
    with Shopper(server) as shopper:
        pages = [shopper.store() for _ in range(2)]
        assert shopper.get("/s/demo/stream/visit").status_code == 404
    for page in pages:
        assert page.headers["x-wandstore-page"] == "fallback"
        assert set(fillers(page.text).values()) == {"fallback"}
        assert stream_of(page.text) == ""
    assert not model.requests
    assert pairs(server) == {}
    operators = {"accept": "application/json"}
    report = http.get(f"{server.url}/status", headers=operators).json()
    assert (report["hit_rate"], report["visits"]) == (None, {"plain": 2})


def test_the_arm_of_the_house_asks_no_model(serve: StartServer, model: Model, root: Path) -> None:
    arm = "{ name = 'house', page = 'house' }"
    server = serve(WANDSTORE_ROOT=run(root, arm), **model.environment)
    _, page = visited(server)
    assert "fallback" not in fillers(page).values()
    assert not model.requests


def test_an_arm_without_pins_shows_what_a_pin_displaces_from_the_shell_on(
    serve: StartServer, model: Model, root: Path, tmp_path: Path
) -> None:
    model.play(Scenario(answer()))
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    catalog, chosen = tmp_path / "demo" / "catalog.json", component("hero")["config"]["product_id"]
    rules = "[[rule]]\npin = 'beeswax-tapers'\nslot = 'hero'\n[[rule]]\nexclude = 'heron-lamp'"
    catalog.with_name("merchandising.toml").write_text(rules)
    environment = {"WANDSTORE_CATALOG": str(catalog), **model.environment}
    shown = []
    for pins in ("true", "false"):
        arm = f"{{ name = 'pins-{pins}', page = 'model', pins = {pins} }}"
        server = serve(pins, WANDSTORE_ROOT=run(root, arm), **environment)
        shell, page = visited(server)
        assert not any("heron-lamp" in html for html in (shell, page)), "other rules hold"
        shown.append(["beeswax-tapers" in slots(html)["hero"][1] for html in (shell, page)])
    assert shown == [[True, True], [False, False]]
    assert chosen in slots(page)["hero"][1]
    told = ["Begin with these products" in json.dumps(it.body) for it in model.requests]
    assert told == [True, False]


def test_a_canary_is_prompted_from_its_own_folder_and_shares_no_page(
    serve: StartServer, model: Model, root: Path
) -> None:
    model.play(Scenario(answer()))
    outside = serve("data", WANDSTORE_ROOT=str(root), **model.environment)
    visited(outside)
    outside.stop()
    shutil.copytree(root / "prompts", root / "next")
    text = (root / "next" / "storefront.md").read_text()
    (root / "next" / "storefront.md").write_text(f"A new beginning.\n{text}")
    arm = "{ name = 'next', page = 'model', prompts = 'next' }"
    server = serve("data", WANDSTORE_ROOT=run(root, arm), **model.environment)
    first, page = visited(server)
    assert stream_of(first), "the page that others share is not this arm's"
    assert "fallback" not in fillers(page).values()
    assert len(model.requests) == 2
    assert "A new beginning." in json.dumps(model.requests[1].body)
    keys = [key.partition(".")[2] for key in pairs(server) if key.startswith(("ui:", "plan:"))]
    assert sorted(keys) == ["", "", "trial.next", "trial.next"]
    (root / "experiments.toml").unlink()
    server.stop()
    again = serve("data", WANDSTORE_ROOT=str(root), **model.environment)
    assert stream_of(visited(again)[0]) == "", "nothing kept before is lost"
    assert len(model.requests) == 2


def test_a_changed_prompt_composes_anew_and_a_bad_one_leaves_the_last(
    serve: StartServer, model: Model, root: Path
) -> None:
    model.play(Scenario(answer()))
    server = serve(WANDSTORE_ROOT=str(root), WANDSTORE_CATALOG_SECONDS="0.02", **model.environment)

    def state_has(text: str) -> bool:
        return text in http.get(f"{server.url}/health").json()["checks"]["prompts"]

    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        brief = root / "prompts" / "personas" / "newcomer.md"
        put(brief, f"{brief.read_text()}\nBe brief.\n")
        eventually(lambda: stream_of(shopper.store().text))
        shopper.follow(stream_of(shopper.store().text))
        assert "fallback" not in fillers(shopper.store().text).values()
        assert "Be brief." in json.dumps(model.requests[1].body)
        sets = json.loads((root / "prompts" / "house.json").read_text())
        for name, bad, reason in (
            ("storefront.md", b"No place for rules.", ": needs {{ rules }} exactly once"),
            ("personas/loyalist.md", b"\xfc", ": not UTF-8"),
            ("house.json", b"{}", ": has no set bargain_hunter"),
            ("house.json", b'{"fallback": {"hero": ["text"]}}', ": not an object of sets"),
            ("house.json", json.dumps({it: {} for it in sets}).encode(), " has nothing for it"),
        ):
            path = root / "prompts" / name
            good = path.read_bytes()
            put(path, bad)
            eventually(partial(state_has, f"prompts/{name}{reason}"))
            put(path, good)
            eventually(partial(state_has, "ok"))
            assert stream_of(shopper.store().text) == "", "the last good ones decide"
    assert len(model.requests) == 2


VIEWS = {
    "events": [
        {"kind": "shown", "slot": "hero", "by": "hero", "products": ["dusk-lamp"]},
        {"kind": "shown", "slot": "top", "by": "hero", "products": ["dusk-lamp"]},
        {"kind": "click", "slot": "hero", "by": "hero", "product": "dusk-lamp", "place": 1},
    ]
}


def tell(shopper: Shopper, body: object, **headers: str) -> httpx.Response:
    same = {"sec-fetch-site": "same-origin", **headers}
    return shopper.post("/signals", json=body, headers=same)


def test_experiments_are_taken_up_while_the_shop_is_open_and_a_bad_file_leaves_the_last(
    serve: StartServer, model: Model, root: Path
) -> None:
    model.play(Scenario(answer()))
    shutil.copytree(root / "prompts", root / "next")
    server = serve(WANDSTORE_ROOT=str(root), WANDSTORE_CATALOG_SECONDS="0.02", **model.environment)

    def keys() -> set[str]:
        return {key.partition(".")[2] for key in pairs(server, "ui:")}

    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        assert keys() == {""}
        run(root, "{ name = 'next', page = 'model', prompts = 'next' }")
        eventually(lambda: shopper.store() and keys() == {"", "trial.next"})
        asked = len(model.requests)
        brief = root / "next" / "personas" / "newcomer.md"
        put(brief, f"Nothing is as it was.\n{brief.read_text()}")
        eventually(lambda: shopper.store() and len(model.requests) == asked + 1)
        eventually(lambda: stream_of(shopper.store().text) == "")
        assert "Nothing is as it was." in json.dumps(model.requests[-1].body)

        good = (root / "experiments.toml").read_text()
        put(root / "experiments.toml", good.replace("'model'", "'modle'"))
        eventually(lambda: "page modle is none of" in http.get(f"{server.url}/insights").text)
        assert stream_of(shopper.store().text) == ""
        assert tell(shopper, VIEWS).is_success
        assert rows(server, "SELECT arm FROM exposures") == [("next",)], "they go on as they were"

        (root / "experiments.toml").unlink()
        eventually(lambda: "modle" not in http.get(f"{server.url}/insights").text)
        assert "fallback" not in fillers(shopper.store().text).values()
        assert len(model.requests) == asked + 1, "what was kept before is found again"


def test_a_canary_that_turns_bad_stops_itself_and_its_shoppers_get_what_all_others_get(
    serve: StartServer, model: Model, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arms, "FEWEST_PAGES", pages := 4)
    bad = component("hero", headline="See https://elsewhere.example")
    model.play(Scenario(answer(bad, component("grid"))))
    arm = "{ name = 'next', page = 'model', most_refused = 0.5 }"
    server = serve(
        WANDSTORE_ROOT=run(root, arm),
        WANDSTORE_NEW_CALLS_PER_HOUR="1000",
        WANDSTORE_PAGE_MEMORY_SECONDS="0",
        **model.environment,
    )
    for _ in range(pages):
        forget_layouts(server)  # which would be shared, although it lacks its hero
        visited(server)
    eventually(lambda: server.logged("arm_stopped"))
    model.play(Scenario(answer()))
    _, page = visited(server)
    assert "fallback" not in fillers(page).values()
    keys = Counter(key.partition(".")[2] for key in pairs(server, "ui:"))
    assert keys["trial.next"] == pages
    assert keys[""] > 0
    (stopped,) = pairs(server, "experiments:").values()
    assert json.loads(stopped)["trial.next"].startswith("refused ")
    assert "next has stopped itself: refused" in http.get(f"{server.url}/insights").text


def test_what_was_seen_is_counted_and_who_saw_which_arm_is_noted_once(
    serve: StartServer, root: Path
) -> None:
    arm = "{ name = 'plain', page = 'plain' }"
    other = "{ name = 'house', page = 'house', share = 0.001 }"
    server = serve(WANDSTORE_ROOT=run(root, arm, other))
    with Shopper(server) as shopper:
        shopper.store()
        assert [tell(shopper, VIEWS).status_code for _ in range(2)] == [204, 204]
        assert tell(shopper, VIEWS, dnt="1").status_code == 204
        nothing = {"events": VIEWS["events"][1:2]}
        refused = tell(shopper, nothing)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "UNKNOWN_SLOT")
    columns = (
        "SELECT arm, persona, slot, component, product, place, shown, clicked FROM views "
        "ORDER BY place"
    )
    assert rows(server, columns) == [
        ("trial.plain", "newcomer", "hero", "hero", "", 0, 2, 2),
        ("trial.plain", "newcomer", "hero", "hero", "dusk-lamp", 1, 2, 2),
    ]
    assert rows(server, "SELECT experiment, arm, persona FROM exposures") == [
        ("trial", "plain", "newcomer")
    ]


def test_what_was_seen_is_counted_by_what_decided_the_page(
    serve: StartServer, model: Model, root: Path
) -> None:
    model.play(Scenario(answer()))
    server = serve(WANDSTORE_ROOT=str(root), **model.environment)
    with Shopper(server) as first, Shopper(server) as second:
        stream = stream_of(first.store().text)
        first.follow(stream)
        assert tell(first, VIEWS).is_success
        assert stream_of(second.store().text) == "", "they share the page"
        assert tell(second, VIEWS).is_success
    counted = rows(server, "SELECT decision, shown FROM views WHERE place = 0")
    (decision,) = (page["meta"]["decision"] for page in kept_pages(server))
    assert decision
    assert counted == [(decision, 2)]


def test_views_and_deeds_of_one_report_are_both_noted(house_server: Server) -> None:
    body = {"events": [*VIEWS["events"], {"kind": "view", "product": "dusk-lamp"}]}
    with Shopper(house_server) as shopper:
        shopper.store()
        name = next(iter(shopper.cookies.values())).partition(".")[0]
        assert tell(shopper, body).status_code == 204
    noted = rows(house_server, "SELECT shopper_id, kind FROM signals")
    seen = [kind for shopper_id, kind in noted if shopper_id == name]
    assert seen == ["view"]
    assert rows(house_server, "SELECT sum(shown) FROM views WHERE arm = ''")[0][0] >= 1
