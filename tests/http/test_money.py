"""What models cost, over HTTP: one call for like shoppers, ten for unlike ones, and no more."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_llm import Scenario, Usage
from tests.support.fake_model import Model, answer
from tests.support.shopper_client import Shopper, stream_of
from tests.support.stored import forget_layouts
from tools.support import http
from tools.support.server import ROOT, Server

StartServer = Callable[..., Server]


def request(number: int) -> dict[str, Any]:
    """Return a request for a shopper unlike those of other numbers."""
    signals = {"category_preferences": [f"interest {number}"]}
    return {
        "shopper_id": f"shop_{number:032x}",
        "persona": {"type": "collector", "confidence": 0.7, "signals": signals},
        "shop": {"shop_id": "demo"},
    }


async def _pages(server: Server, numbers: range) -> list[dict[str, Any]]:
    async with http.AsyncClient(base_url=server.url, timeout=60) as client:
        asked = (client.post("/generate", json=request(number)) for number in numbers)
        return [sent.json() for sent in await asyncio.gather(*asked)]


def pages(server: Server, numbers: range) -> list[dict[str, Any]]:
    """Have these shoppers' pages composed, all at once."""
    return asyncio.run(_pages(server, numbers))


def writers(sent: list[dict[str, Any]]) -> list[str]:
    return sorted(page["meta"]["model"] for page in sent)


def test_ten_unlike_shoppers_at_once_cost_ten_calls(serve: StartServer, model: Model) -> None:
    model.play(Scenario(answer(), deltas_per_second=400, first_delay=0.3))
    sent = pages(serve(**model.environment), range(10))
    assert writers(sent) == ["kimi-k2.6"] * 10
    assert len(model.requests) == 10


def test_a_budget_of_three_calls_buys_three_pages_and_the_house_makes_seven(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer(), deltas_per_second=400, first_delay=0.3))
    server = serve(WANDSTORE_CALLS_PER_HOUR="3", **model.environment)
    sent = pages(server, range(10))
    assert writers(sent) == ["house"] * 7 + ["kimi-k2.6"] * 3
    told = sorted((page["status"], page.get("error", {}).get("code", "")) for page in sent)
    assert told == [("partial", "RATE_LIMITED")] * 7 + [("success", "")] * 3
    assert len(model.requests) == 3
    assert '"model_failed:BUDGET_SPENT": 1' in server.log


def test_a_budget_of_tokens_holds_too_and_outlives_the_process(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer(), usage=Usage(2000, 1000)))
    server = serve(WANDSTORE_TOKENS_PER_HOUR="10000", **model.environment)
    assert [writers(pages(server, range(at, at + 1))) for at in range(3)] == [
        ["kimi-k2.6"],
        ["kimi-k2.6"],
        ["house"],
    ], "a call may take 4000 tokens and what it is asked"
    server.stop()
    server.start()
    assert writers(pages(server, range(3, 4))) == ["house"]
    assert len(model.requests) == 2


def test_the_budget_of_one_shop_is_not_anothers(
    serve: StartServer, model: Model, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        shutil.copy(ROOT / "demo" / "catalog.json", tmp_path / f"{name}.json")
    (tmp_path / "b.json").write_text(
        (tmp_path / "b.json").read_text().replace('"id": "demo"', '"id": "other"', 1)
    )
    model.play(Scenario(answer()))
    server = serve(
        WANDSTORE_CALLS_PER_HOUR="1", WANDSTORE_CATALOG=str(tmp_path), **model.environment
    )
    first, second = request(1), {**request(2), "shop": {"shop_id": "other"}}
    for body in (first, second):
        sent = http.post(f"{server.url}/generate", json=body, timeout=60).json()
        assert sent["meta"]["model"] == "kimi-k2.6"
    assert len(model.requests) == 2


@pytest.mark.parametrize(("limit", "calls"), [("1", 1), ("100", 2)])
def test_new_shoppers_of_one_address_are_limited(
    serve: StartServer, model: Model, limit: str, calls: int
) -> None:
    model.play(Scenario(answer()))
    server = serve(
        WANDSTORE_NEW_CALLS_PER_HOUR=limit, WANDSTORE_PAGE_MEMORY_SECONDS="0", **model.environment
    )
    for _ in range(2):
        forget_layouts(server)
        with Shopper(server) as shopper:
            stream = stream_of(shopper.store().text)
            assert shopper.follow(stream)[-1].name == "ready"
            trace = shopper.trace(stream)
    assert len(model.requests) == calls
    assert ("model_failed:ADDRESS_LIMIT" in trace["counts"]) is (calls == 1)
    assert trace["status"] == ("degraded" if calls == 1 else "success")
