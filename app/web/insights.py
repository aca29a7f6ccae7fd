"""GET /insights: what experiments came to, for operators; as a page, or as JSON where asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from jinja2 import Template
from starlette.types import Receive, Scope, Send

from app import insights
from app.pages.arms import Arms
from app.rendering.renderer import environment
from app.storage.db.repository import ShopRepository
from app.storage.errors import StorageError
from app.util.http_body import zipped
from app.web.auth import is_operator, send_unauthorized
from app.web.context import AppContext
from app.web.responses import Response, send_json, send_response

_NO_STORE = [(b"cache-control", b"no-store")]


class InsightsPage:
    """Tells operators how the arms of experiments do; `shows_sample` where there are none yet."""

    def __init__(
        self,
        web: AppContext,
        store: ShopRepository,
        arms: Arms,
        token: str,
        *,
        shows_sample: bool = False,
    ) -> None:
        self._web = web
        self._store = store
        self._arms = arms
        self._token = token
        self._shows_sample = shows_sample

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an operator; 401 to anybody else, 404 for a shop that there is not."""
        if not is_operator(scope, self._token):
            await send_unauthorized(scope, send, b'Basic realm="insights", charset="UTF-8"')
            return
        web = self._web
        query = parse_qs(scope["query_string"].decode("latin-1"))
        view = web.site.shop(query.get("shop", [None])[0])
        if view is None:
            await web.send_not_found(scope, send, None)
            return
        from app.insights.collect import collect, read_sample  # noqa: PLC0415 - operators only

        file, stopped = web.site.current.content.experiments, self._arms.stopped
        try:
            shows_sample = self._shows_sample and not file.experiments.running
            report = (shows_sample and read_sample(view.shop)) or await collect(
                self._store, view.shop, file, stopped, web.now()
            )
        except StorageError:
            error = {"code": "NOT_STORED", "message": "the database does not answer"}
            await send_json(scope, send, {"error": error}, 503, [(b"retry-after", b"5")])
            return
        accepted = dict(scope["headers"]).get(b"accept", b"")
        if accepted.startswith(b"application/json"):
            await send_json(scope, send, report, 200, _NO_STORE)
            return
        from app.insights.charts import bar_chart, interval_chart  # noqa: PLC0415 - likewise
        from app.insights.report import compared  # noqa: PLC0415 - likewise

        html = _template().render(
            shop=view.shop,
            url=view.urls,
            report=report,
            interval_chart=interval_chart,
            bar_chart=bar_chart,
            compared=compared,
        )
        answer = Response(zipped(html.encode()), view.headers, 200, _NO_STORE)
        await send_response(scope, send, answer)


@cache
def _template() -> Template:
    return environment(Path(insights.__file__).parent).get_template("page.jinja")
