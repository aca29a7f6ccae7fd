"""What models may cost all instances of the container, paid through the Worker."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

import pytest

from app.domain.limits import Spending
from app.domain.llm import CallRefused, Prompt
from app.domain.persona import NEWCOMER
from app.llm.budget import Budget, Settle
from app.storage import http as http_client
from app.storage.http import LazyHttpClient
from app.storage.worker import WorkerLedgers
from tests.support.drawer import Drawer
from tests.support.factories import shop
from tools.support.edge import TOKEN, Worker

pytestmark = pytest.mark.anyio

PROMPT = Prompt("i", "r", shop(shop_id="of-instances"), NEWCOMER, (), ("hero",), tokens=100)
LIMITS = Spending(calls=30, tokens=100_000, instances=3)


async def test_the_budget_is_one_for_all_instances_and_shares_of_it_without_the_worker(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("_CONNECT", "_SILENCE", "_READ"):  # on a machine that is busy
        monkeypatch.setattr(http_client, patience, 30.0)
    http, headers = LazyHttpClient(inside=True, secure=False), {"authorization": f"Bearer {TOKEN}"}

    def budget(edge: str, headers: Mapping[str, str] = headers) -> Budget:
        ledgers = WorkerLedgers(http, f"{edge}/_bindings/edge", headers)
        return Budget(LIMITS, Drawer(), time.time, ledgers)

    budgets = [budget(worker.url) for _ in range(3)]
    settle: list[Settle] = []

    async def paid(money: Budget) -> str:
        try:
            settle.append(await money.reserve(PROMPT, 4_000))
        except CallRefused as no:
            return no.code
        return ""

    uneven = [budgets[0]] * 40 + [budgets[1]] * 10
    assert Counter(await asyncio.gather(*map(paid, uneven))) == {"": 25, "BUDGET_SPENT": 25}
    while settle:
        settle.pop()(1_000)
    for money in budgets:
        await money.flush()
    assert Counter([await paid(budgets[2]) for _ in range(7)]) == {"": 5, "BUDGET_SPENT": 2}
    assert budgets[2].left("of-instances") == (0, 100_000 - 25_000 - 5 * 4_000)

    alone = budget(worker.url, {})
    assert Counter([await paid(alone) for _ in range(12)]) == {"": 8, "BUDGET_SPENT": 4}
    assert alone.counts["paid_unshared"] == 12
    for money in (*budgets, alone):
        await money.flush()
    await http.aclose()
