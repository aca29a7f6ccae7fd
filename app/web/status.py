"""GET /status: how the shop does, for operators; as a page, or as JSON where asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Template
from starlette.types import Receive, Scope, Send

from app.metrics.exposition import Count
from app.rendering.renderer import environment
from app.util.http_body import zipped
from app.web.auth import is_operator, send_unauthorized
from app.web.context import AppContext
from app.web.health import Health
from app.web.metrics import Gauges
from app.web.responses import Response, send_json, send_response

_NO_STORE = [(b"cache-control", b"no-store")]
_MOST_BUDGETS = 20
"""Budgets that are shown, those nearest their end first."""


class StatusPage:
    """Tells operators what the health check and the metrics say, without anything to read them."""

    def __init__(self, web: AppContext, health: Health, gauges: Gauges, token: str) -> None:
        self._web = web
        self._health = health
        self._gauges = gauges
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an operator; 401 to anybody else."""
        if not is_operator(scope, self._token):
            await send_unauthorized(scope, send, b'Basic realm="status", charset="UTF-8"')
            return
        report = await self._report()
        if dict(scope["headers"]).get(b"accept", b"").startswith(b"application/json"):
            await send_json(scope, send, report)
            return
        view = self._web.site.current.default
        html = _template().render(url=view.urls, report=report)
        answer = Response(zipped(html.encode()), view.headers, 200, _NO_STORE)
        await send_response(scope, send, answer)

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


@cache
def _template() -> Template:
    return environment(Path(__file__).parent).get_template("status.jinja")
