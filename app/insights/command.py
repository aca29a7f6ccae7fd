"""What `wandstore insights` tells: the report of a shop's folder, in a few lines or whole."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from app.content.site import read_site
from app.insights.collect import collect
from app.insights.report import compared
from app.metrics.registry import Metrics
from app.pages.arms import Arms
from app.settings import Settings
from app.storage.factory import open_storage
from app.storage.kv.retrying import RetryingKv
from app.util.errors import OperatorError


async def report_of(settings: Settings, shop_id: str | None = None) -> dict[str, object]:
    """Return the report on a shop, the default one where none is named.

    Raises:
        OperatorError: the shop's files or its database cannot be read, or there is no such shop.
    """
    content = read_site(settings)
    shops = content.catalogs.shops
    shop = content.catalogs.default if shop_id is None else shops.get(shop_id)
    if shop is None:
        raise OperatorError(f"there is no shop {shop_id!r}, but {', '.join(shops)}")
    storage = open_storage(settings, Metrics())
    async with storage.opened():
        kv = RetryingKv(storage.kv, time.monotonic)
        arms = Arms(content.experiments.experiments, kv, time.time)
        await arms.load()
        return await collect(storage.database, shop, content.experiments, arms.stopped, time.time())


def summary(report: Mapping[str, Any]) -> str:
    """Return the arms of each experiment, a line each."""
    lines = list(_lines(report))
    return "\n".join(lines or ["no experiment is written down in experiments.toml"])


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    for experiment in report["experiments"]:
        warning = "" if experiment["shares"]["as_planned"] else ": the shares are not as planned"
        yield f"{experiment['name']}{warning}"
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
