"""GET /insights: what experiments came to, for operators."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

from starlette.types import Scope, Send

from app import insights
from app.pages.arms import Arms
from app.settings import Settings
from app.storage.db.repository import ShopRepository
from app.storage.errors import StorageError
from app.web.auth import OperatorPage
from app.web.context import AppContext
from app.web.responses import send_json


class InsightsPage(OperatorPage):
    """Tells how the arms of experiments do, or of a sample where there are none yet."""

    realm = "insights"
    template = Path(insights.__file__).with_name("page.jinja")

    def __init__(
        self, web: AppContext, settings: Settings, store: ShopRepository, arms: Arms
    ) -> None:
        super().__init__(web, settings.operator_token)
        self._settings = settings
        self._store = store
        self._arms = arms

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer with the report; 404 for a shop that there is not."""
        web = self._web
        query = parse_qs(scope["query_string"].decode("latin-1"))
        view = web.site.shop(query.get("shop", [None])[0])
        if view is None:
            await web.send_not_found(scope, send, None)
            return
        from app.insights.charts import bar_chart, interval_chart  # noqa: PLC0415 - operators only
        from app.insights.collect import collect, read_sample  # noqa: PLC0415 - likewise
        from app.insights.report import compared  # noqa: PLC0415 - likewise

        file, stopped = web.site.current.content.experiments, self._arms.stopped
        days = self._settings.storage.record_days
        try:
            shows_sample = self._settings.sample_insights and not file.experiments.running
            report = (shows_sample and read_sample(view.shop)) or await collect(
                self._store, view.shop, file, stopped, web.now(), record_days=days
            )
        except StorageError:
            error = {"code": "NOT_STORED", "message": "the database does not answer"}
            await send_json(scope, send, {"error": error}, 503, [(b"retry-after", b"5")])
            return
        words = {"interval_chart": interval_chart, "bar_chart": bar_chart, "compared": compared}
        await self.send_report(scope, send, view, report, shop=view.shop, **words)
