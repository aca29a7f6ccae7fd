"""What a model may not say never reaches the page, and its refusal can be read in the trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.fake_llm import Scenario
from tests.support.fake_model import SLOTS, Model, answer, component
from tests.support.shopper_client import Shopper, fillers, stream_of
from tools.support.server import Server

MARK = "zzz"
"""Stands in every text a test must not find again."""


@pytest.mark.parametrize(
    ("bad", "code", "where"),
    [
        (component("hero", product_id=f"{MARK}-lamp"), "UNKNOWN_PRODUCT", "hero.product_id"),
        (component("grid", product_ids=[MARK] * 4), "UNKNOWN_PRODUCT", "grid.product_ids.0"),
        (component("cta", category=f"{MARK} things"), "UNKNOWN_CATEGORY", "cta.category"),
        (component("hero", text=f"{MARK}, only $9 today"), "PRICE_IN_COPY", "hero.text"),
        (component("cta", text=f"{MARK} at half price"), "OFFER_NOT_STATED", "cta.text"),
        (component("hero", text=f"{MARK} with 30 colours"), "NUMBER_NOT_STATED", "hero.text"),
        (component("cta", text=f"{MARK}, ₺499 today"), "PRICE_IN_COPY", "cta.text"),
        (component("grid", title=f"{MARK} of solid gold"), "CLAIM_NOT_STATED", "grid.title"),
        (component("hero", headline=f"{MARK} at last!"), "EXCLAMATION_IN_COPY", "hero.headline"),
        (component("hero", text=f"See www.{MARK}.com for it"), "URL_IN_COPY", "hero.text"),
        (component("cta", link_text=f"https://{MARK}.test"), "URL_IN_COPY", "cta.link_text"),
        (component("hero", headline=f"<b>{MARK}</b>"), "MARKUP_IN_COPY", "hero.headline"),
        (component("grid", title=f"<img src={MARK}>"), "MARKUP_IN_COPY", "grid.title"),
        (component("hero", text=f"{MARK} \u202e around"), "HIDDEN_CHARACTERS", "hero.text"),
        (component("hero", headline=MARK * 40), "COPY_TOO_LONG", "hero.headline"),
        (component("hero", price="9.00", note=MARK), "EXTRA_PROP", "hero.price"),
        (component("grid", html=f"<p>{MARK}</p>"), "EXTRA_PROP", "grid.html"),
        (component("hero", headline=[MARK]), "INVALID_PROP", "hero.headline"),
        ({"type": "hero", "id": "hero", "config": {"text": MARK}}, "MISSING_PROP", "hero"),
        ({"type": "carousel", "id": "hero", "config": {"a": MARK}}, "UNKNOWN_COMPONENT", ""),
        ({"type": f"<{MARK}>", "id": "hero", "config": {}}, "UNKNOWN_COMPONENT", "?"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refused_component_leaves_the_fallback_and_a_code(
    model_server: Server, one_model: Model, bad: Mapping[str, Any], code: str, where: str
) -> None:
    good = [component(kind) for kind in SLOTS if kind != bad["id"]]
    one_model.play(Scenario(answer(bad, *good)), Scenario(answer(component(bad["id"]))))
    with Shopper(model_server) as shopper:
        stream = stream_of(shopper.store().text)
        seen = shopper.follow(stream)
        page = shopper.store().text
        trace = shopper.trace(stream)
    assert MARK not in page
    assert MARK not in str(seen)
    assert MARK not in str(trace)
    assert MARK not in model_server.log
    assert trace["counts"][f"refused:{code}"] == 1
    (note,) = [note for note in trace["notes"] if note["what"] == "refused"]
    assert note["code"] == code
    assert note["where"].startswith(where)
    expected = "fallback" if bad["id"] == "cta" else bad["id"]
    assert fillers(page)[bad["id"]] == expected


def test_a_second_component_for_a_slot_is_refused(model_server: Server, one_model: Model) -> None:
    twice = component("hero", headline=f"The second {MARK}")
    one_model.play(Scenario(answer(component("hero"), twice, component("grid"))))
    with Shopper(model_server) as shopper:
        stream = stream_of(shopper.store().text)
        shopper.follow(stream)
        assert shopper.trace(stream)["counts"]["refused:SLOT_TAKEN"] == 1
        assert MARK not in shopper.store().text


def test_titles_prices_and_links_are_the_catalogs(model_server: Server, one_model: Model) -> None:
    chosen = component("hero")
    one_model.play(Scenario(answer()))
    with Shopper(model_server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        page = shopper.store().text
        item = shopper.get(f"/products/{chosen['config']['product_id']}").text
    price = item.partition('<p class="price')[2].partition("</p>")[0].partition("<b>")[2]
    assert price
    assert price.partition("</b>")[0] in page
    assert f'href="/products/{chosen["config"]["product_id"]}"' in page


def test_keys_cookies_and_prompts_are_in_no_log_and_on_no_page(
    model_server: Server, one_model: Model
) -> None:
    one_model.play(Scenario(answer()))
    with Shopper(model_server) as shopper:
        stream = stream_of(shopper.store().text)
        shopper.follow(stream)
        page, trace = shopper.store().text, str(shopper.trace(stream))
        cookie = next(iter(shopper.cookies.values()))
    key = one_model.environment["KIMI_API_KEY"]
    prompt = one_model.requests[-1].body["messages"][0]["content"][:60]
    for text in (model_server.log, page, trace):
        for secret in (key, cookie, cookie.partition(".")[0], prompt):
            assert secret not in text
