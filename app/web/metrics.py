"""GET /metrics: what an operator watches, as Prometheus reads it. Nobody else is told."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from starlette.types import Scope, Send

from app import __version__
from app.llm.factory import Providers
from app.metrics.counters import Counters
from app.metrics.exposition import CONTENT_TYPE, gauge
from app.pages.journal import PageJournal
from app.storage.ports import Pool
from app.util.http_body import zipped
from app.web.auth import OperatorPage
from app.web.context import AppContext
from app.web.headers import FILE_HEADERS
from app.web.responses import NO_STORE, Response, send_response


class MetricsPage(OperatorPage):
    """Tells what is counted and measured, and how things are at the moment."""

    def __init__(self, web: AppContext, token: str, counters: Counters, gauges: "Gauges") -> None:
        super().__init__(web, token)
        self._counters = counters
        self._gauges = gauges

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer with everything."""
        text = self._web.metrics.render(self._counters, self._gauges.lines(self._web))
        headers = [*FILE_HEADERS, (b"content-type", CONTENT_TYPE)]
        await send_response(scope, send, Response(zipped(text), headers, 200, [NO_STORE]))


class Reading(NamedTuple):
    """How things are at the moment."""

    composing: int
    waiting: int
    readers: int
    providers: Mapping[str, str]
    budgets: Sequence[tuple[Mapping[str, str], float]]
    """What is spent of the hour's budget, by shop and kind; nothing where no model is paid for."""
    catalog_modified: float | None


class Gauges:
    """What is read when it is asked for: pages under way, readers, budgets, the catalog's age."""

    def __init__(
        self,
        journal: PageJournal,
        providers: Providers,
        modified: Callable[[], float | None],
        pools: Callable[[], Mapping[str, Pool]],
    ) -> None:
        self._journal = journal
        self._providers = providers
        self._modified = modified
        self._pools = pools

    def read(self, web: AppContext) -> Reading:
        """Return how things are."""
        providers = self._providers.states
        budgets = list(self._budgets(web.site.current.shops)) if providers else []
        return Reading(
            *web.pages.jobs.under_way,
            readers=self._journal.readers,
            providers=providers,
            budgets=budgets,
            catalog_modified=self._modified(),
        )

    def lines(self, web: AppContext) -> Iterator[str]:
        """Yield each as Prometheus reads it."""
        now = self.read(web)
        yield gauge("wandstore_info", "The version.", [({"version": __version__}, 1)])
        yield gauge("wandstore_pages_composing", "Pages that are composed.", [({}, now.composing)])
        yield gauge("wandstore_pages_waiting", "Pages that wait for a place.", [({}, now.waiting)])
        readers = "Readers of pages under way."
        yield gauge("wandstore_journal_readers", readers, [({}, now.readers)])
        if now.providers:
            spent = "What is spent of the hour's budget."
            yield gauge("wandstore_budget_used_ratio", spent, now.budgets)
        if pools := self._pools():
            connections = [
                ({"store": store, "state": state}, getattr(pool, state))
                for store, pool in pools.items()
                for state in ("busy", "idle")
            ]
            yield gauge("wandstore_pool_connections", "Connections to a store.", connections)
            waiting = [({"store": store}, pool.waiting) for store, pool in pools.items()]
            yield gauge("wandstore_pool_waiting", "Calls that wait for a connection.", waiting)
        yield gauge(
            "wandstore_catalog_modified_timestamp_seconds",
            "When the catalog was written, or found to be as its source has it.",
            [] if now.catalog_modified is None else [({}, now.catalog_modified)],
        )

    def _budgets(self, shops: Iterable[str]) -> Iterator[tuple[dict[str, str], float]]:
        budget = self._providers.budget
        limits = {"calls": budget.limits.calls, "tokens": budget.limits.tokens}
        for shop in shops:
            left = budget.left(shop)
            for (kind, limit), rest in zip(limits.items(), left, strict=True):
                yield {"shop": shop, "kind": kind}, 1 - rest / limit if limit else 1.0
