"""GET /status: how the shop does, for operators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.types import Scope, Send

from app.metrics.exposition import Count
from app.web.auth import OperatorPage
from app.web.context import AppContext
from app.web.health import Health
from app.web.metrics import Gauges

_MOST_BUDGETS = 20
"""Budgets that are shown, those nearest their end first."""


class StatusPage(OperatorPage):
    """Tells what the health check and the metrics say, without anything to read them."""

    realm = "status"
    template = Path(__file__).with_name("status.jinja")

    def __init__(self, web: AppContext, token: str, health: Health, gauges: Gauges) -> None:
        super().__init__(web, token)
        self._health = health
        self._gauges = gauges

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer with how the shop does."""
        view = self._web.site.current.default
        await self.send_report(scope, send, view, await self._report())

    async def _report(self) -> dict[str, Any]:
        """Return the health check, what has been measured since the start, and how it is now."""
        metrics, now = self._web.metrics, self._gauges.read(self._web)
        written = now.catalog_modified
        spent = sorted(now.budgets, key=lambda budget: budget[1], reverse=True)
        return {
            **await self._health.report(),
            "hit_rate": metrics.hit_rate,
            "visits": _by_label(metrics.visits),
            "composing": {
                "now": now.composing,
                "waiting": now.waiting,
                "readers": now.readers,
                "ended": _by_label(metrics.pages),
                "within_5_seconds": metrics.composing.share_within(5),
                "within_15_seconds": metrics.composing.share_within(15),
                "first_component_within_1_second": metrics.first_component.share_within(1),
            },
            "providers": now.providers,
            "calls": [
                {"model": model, "outcome": outcome, "status": status, "calls": int(number)}
                for (model, outcome, status), number in sorted(metrics.model_calls.values.items())
            ],
            "tokens": _by_label(metrics.tokens),
            "budgets": [{**labels, "used": used} for labels, used in spent[:_MOST_BUDGETS]],
            "catalog_age_seconds": None if written is None else self._web.now() - written,
            "storage_errors": [
                {"store": store, "operation": operation, "errors": int(number)}
                for (store, operation), number in sorted(metrics.storage_errors.values.items())
            ],
            "loop_in_time": metrics.loop_lag.share_within(0.25),
        }


def _by_label(count: Count) -> dict[str, int]:
    """Return a count by the values of its only label."""
    return {label: int(number) for (label,), number in sorted(count.values.items())}
