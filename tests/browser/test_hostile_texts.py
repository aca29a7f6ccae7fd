"""Hostile copy and feeds in a real browser: nothing runs, nothing is reported, nothing goes out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer, component
from tests.support.stored import forget_layouts
from tools.support import http
from tools.support.browser import Watched, watched
from tools.support.server import ROOT, Server

CORPUS: dict[str, list[str]] = json.loads((ROOT / "tests/corpora/hostile.json").read_text())
COPY_PROPS = {
    "hero": ("eyebrow", "headline", "text", "link_text"),
    "filters": ("label",),
    "grid": ("title", "text"),
    "recommendations": ("title",),
    "cta": ("headline", "text", "link_text"),
}


def hostile_answer(texts: Sequence[str]) -> str:
    """Return a page whose copy is these texts in turn, and in which each is proposed as a type."""
    named = [{"type": text, "id": text, "config": {text: text}} for text in texts]
    turns = cycle(texts)
    bad = [
        component(kind, **{prop: next(turns) for prop in props})
        for kind, props in COPY_PROPS.items()
    ]
    return answer(*named, *bad)


_DONE = """() => [
  window.pwned,
  window.violations,
  document.querySelectorAll("main script, main style, main iframe, main form[action^=http]").length,
  [...document.querySelectorAll("*")].flatMap((element) => element.getAttributeNames())
    .filter((name) => name.startsWith("on") || name === "srcdoc" || name === "style"),
]"""


def check(seen: Watched, server: Server) -> None:
    assert seen.page.evaluate(_DONE) == [None, [], 0, []]
    assert [line for line in seen.console if "error" in line.lower()] == []
    assert [url for url in seen.requests if not url.startswith(server.url)] == []


def test_hostile_copy_for_every_component_does_nothing(
    browser: Browser, serve: StartServer, model: Model
) -> None:
    server = serve(
        WANDSTORE_CALLS_PER_HOUR="1000",
        WANDSTORE_NEW_CALLS_PER_HOUR="1000",
        WANDSTORE_ADDRESS_CALLS_PER_HOUR="1000",
        WANDSTORE_PAGE_MEMORY_SECONDS="0",
        **model.environment,
    )
    with watched(browser) as seen:
        for at in range(0, len(CORPUS["copy"]), 11):
            model.play(Scenario(hostile_answer(CORPUS["copy"][at : at + 11])))
            seen.page.context.clear_cookies()
            forget_layouts(server)
            seen.page.goto(f"{server.url}/store")
            seen.wait_until_done()
            check(seen, server)
        seen.page.reload()
        check(seen, server)


def hostile_products() -> Iterator[dict[str, Any]]:
    for at in range(14):
        text = CORPUS["feed"][at % len(CORPUS["feed"])]
        yield {
            "id": f"lamp-{at}",
            "title": f"{text} {at}",
            "price": 10 + at,
            "category": CORPUS["feed"][at % 4],
            "tags": [text],
            "description": text * 3,
            "vendor": text,
            "options": [text],
            "image": CORPUS["pictures"][at % len(CORPUS["pictures"])],
            "image_alt": text,
        }


@pytest.fixture
def hostile_shop(serve: StartServer, model: Model, tmp_path: Path) -> Server:
    """A server whose feed is as bad as they come."""
    text = CORPUS["feed"][2]
    shop = {
        "id": "bad",
        "name": text,
        "tagline": text,
        "brand": {"tone": text, "font_family": "x; } * {"},
    }
    catalog = tmp_path / "bad.json"
    catalog.write_text(json.dumps({"shop": shop, "products": list(hostile_products())}))
    return serve(WANDSTORE_CATALOG=str(catalog), **model.environment)


def test_a_hostile_feed_on_every_page(browser: Browser, hostile_shop: Server, model: Model) -> None:
    ids = [f"lamp-{at}" for at in range(14)]
    model.play(
        Scenario(
            answer(
                component("hero", product_id=ids[0]),
                component("grid", product_ids=ids[:8]),
                component("recommendations", product_ids=ids[8:]),
            )
        )
    )
    with watched(browser) as seen:
        seen.page.goto(f"{hostile_shop.url}/store")
        seen.wait_until_done()
        check(seen, hostile_shop)
        links = seen.page.eval_on_selector_all("a[href]", "links => links.map((a) => a.href)")
        assert all(link.startswith(hostile_shop.url) for link in links)
        for link in sorted(set(links)):
            seen.page.goto(link)
            check(seen, hostile_shop)
        seen.page.goto(f"{hostile_shop.url}/store")
        check(seen, hostile_shop)
    brief = model.requests[0].body["messages"][1]["content"]
    assert "<script" not in brief
    assert "\u202e" not in brief


def test_hostile_signals_reach_neither_brief_nor_page(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    signals = {"category_preferences": CORPUS["copy"], "browsing_patterns": CORPUS["copy"]}
    body = {
        "shopper_id": f"shop_{1:032x}",
        "persona": {"type": "explorer", "confidence": 0.5, "signals": signals},
        "shop": {"shop_id": "demo"},
    }
    content = json.dumps(body).replace('"\\ud83d", ', "")
    headers = {"Content-Type": "application/json"}
    sent = http.post(f"{composed_by_model.url}/generate", content=content, headers=headers)
    assert sent.status_code == 200
    brief = str(model.requests[0].body)
    for text in CORPUS["copy"]:
        assert text not in brief
        assert text not in sent.text
        assert text not in composed_by_model.log
