"""Builds everything and the ASGI app; the only place that constructs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from app.catalog.images import image_hosts
from app.content.assets import PREFETCH_RULES
from app.content.site import SiteContent
from app.domain.catalog import Shop
from app.generation.copy import load_rules
from app.generation.job import GeneratorTools, no_interests
from app.llm.budget import Budget
from app.llm.factory import Providers
from app.metrics.counters import Counters, MetricsLogger
from app.metrics.registry import Metrics
from app.metrics.tracing import Tracing
from app.pages.ahead import ComposeAhead
from app.pages.arms import Arms
from app.pages.cache import PageCache
from app.pages.generators import arm_generators, build_generator
from app.pages.instruments import Instruments, page_spans
from app.pages.jobs import Capacity, PageJobs
from app.pages.relay import Relay
from app.pages.service import PageService
from app.pages.shells import ShellCache, ShopView, build_shop_view
from app.pages.site import LiveSite, Site, build_renderer
from app.pages.watch import SiteWatch
from app.personas.cache import ShopperCache
from app.personas.demand import DemandReader
from app.personas.interests import interests_of, read_interests
from app.personas.learner import PersonaLearner
from app.rendering.renderer import Renderer
from app.rendering.templates import compile_all
from app.settings import Settings
from app.storage.db.write_behind import WriteBehind
from app.storage.factory import open_storage
from app.storage.kv.retrying import RetryingKv
from app.storage.patience import Patience
from app.storage.rates import Places
from app.storage.shoppers import ShopperData
from app.util.http_body import BodyCache
from app.util.loop_lag import LoopLag
from app.util.tasks import run_on
from app.util.warm_up import WarmUp
from app.web.auth import gate
from app.web.basket import BasketPage, CheckoutPage
from app.web.context import CATALOG_MEMORY, AppContext
from app.web.cookies import SessionSigner
from app.web.crawlers import crawler_list
from app.web.discovery import RootFiles
from app.web.errors import NotFound, ShopApp, server_error
from app.web.forget import ForgetPage
from app.web.generate import Generate
from app.web.headers import page_headers
from app.web.health import Health, check_storage
from app.web.inline_shops import InlineShops
from app.web.insights import InsightsPage
from app.web.local_caller import ProxyCheck
from app.web.metrics import Gauges, MetricsPage
from app.web.products import ProductPage
from app.web.session_secret import session_secret
from app.web.shopify import webhook_routes
from app.web.signals import SignalsEndpoint
from app.web.static import Pictures, Static
from app.web.status import StatusPage
from app.web.store import CategoriesPage, StorePage
from app.web.stream import Stream

_LEEWAY = 10.0
"""Seconds that a page may take beside its deadline: to be kept, with every attempt at that."""

_BOOKED_WITHIN = 1.0
"""Seconds that a call to a model waits at most for what it may cost to be on the books."""


class Resources:
    """What must be opened and closed. Nothing is open before the app is."""

    def __init__(
        self, settings: Settings, content: SiteContent, now: Callable[[], float] | None
    ) -> None:
        self.began = time.monotonic()
        self.metrics = Metrics()
        self.tracing = Tracing(settings.collector)
        self.lag = LoopLag(time.monotonic, self.metrics.loop_lag.observe)
        self.storage = storage = open_storage(settings, self.metrics)
        self.patience = Patience(storage.patience, time.monotonic)
        self.kv = RetryingKv(
            storage.kv,
            time.monotonic,
            settings.storage.retry_pause,
            self.patience,
            between_writes=storage.between_writes,
        )
        self.shoppers = ShopperData(self.kv, storage.database, storage.journal)
        self.records = WriteBehind(
            storage.database.record, storage.batching, self.shoppers.erase_pages
        )
        self.relay = Relay(storage.clock, storage.journal)
        self.arms = Arms(content.experiments.experiments, self.kv, now or storage.clock)
        wait = 0.0 if storage.between_writes or storage.ledgers else _BOOKED_WITHIN
        budget = Budget(settings.spending, self.kv, storage.clock, storage.ledgers, wait=wait)
        self.providers = Providers(settings, budget, self.metrics, self.tracing)
        self.warm_up = self._warm_up(content)
        self.counters: Counters = {
            "kv": self.kv.counts,
            "records": self.records.counts,
            "money": budget.counts,
            "tracing": self.tracing.counts,
            "relay": self.relay.counts,
            **storage.counts,
            **{name: model.counts for name, model in self.providers.by_name.items()},
        }

    def _warm_up(self, content: SiteContent) -> WarmUp:
        library = content.library  # and nothing that would keep this catalog for ever
        words = content.prompts.words

        def load() -> None:
            import app.web.event_stream  # noqa: F401, PLC0415 - no page waits for its library

            self.tracing.load()
            library.specs.load()
            compile_all(library.folder)
            load_rules(words)
            crawler_list()
            self.providers.load()
            self.storage.load()

        return WarmUp(load)


def create_app(
    settings: Settings, content: SiteContent, now: Callable[[], float] | None = None
) -> ShopApp:
    """Return the ASGI app. Its files and connections are opened when it starts.

    `now` (Unix seconds) is when the merchant's rules hold, if not by the clock of what is stored.
    """
    resources = Resources(settings, content, now)
    now = now or resources.storage.clock
    tools = _generator_tools(settings, resources)
    build_site = partial(_build_site, tools, now)
    site = LiveSite(build_site(content, build_renderer(content)), now)
    watch = SiteWatch(
        site,
        settings,
        resources.arms,
        lambda changed: build_site(changed, build_renderer(changed), site.current.shops),
    )
    context = _build_context(settings, resources, site)
    ahead = ComposeAhead(site, context.pages, resources.arms, resources.storage.database)
    hear = resources.shoppers.hear(context.pages.forget, resources.storage.hears)
    resources.counters.update({**watch.counters, "ahead": ahead.counts, "erased": hear.counts})
    watches = [watch.run, ahead.run, hear.run]
    if (files := resources.storage.files) and watch.follows:
        from app.prerender.live import EdgeUpdate  # noqa: PLC0415 - behind the Worker alone

        edge = EdgeUpdate(lambda: site.current.content, files, settings.catalog_poll)
        resources.counters["edge"] = edge.counts
        watches.append(edge.run)
    app = ShopApp(
        routes=_routes(settings, resources, context, watch),
        lifespan=partial(_lifespan, settings, resources, context.pages, watches),
        exception_handlers={500: partial(server_error, context)},
        middleware=gate(settings.worker_secret),
    )
    app.state.pages = context.pages
    app.state.ahead = ahead
    app.state.warm_up = resources.warm_up
    app.state.lag = resources.lag
    app.state.counters = resources.counters
    app.state.workbench = nullcontext
    app.state.workbench_address = ""
    if settings.design:
        from app.workbench.app import mount_workbench  # noqa: PLC0415 - a designer's shop alone

        mount_workbench(app, settings, site, resources.providers, build_site)
    return app


@asynccontextmanager
async def _lifespan(
    settings: Settings,
    resources: Resources,
    pages: PageService,
    watches: Sequence[Callable[[], Coroutine[None, None, None]]],
    app: Starlette,
) -> AsyncIterator[None]:
    """Hold the state for as long as the app is open: it is one process's alone."""
    storage, records = resources.storage, resources.records
    with storage.hold():
        settings.data.mkdir(parents=True, exist_ok=True)
        async with storage.opened():
            await resources.arms.load()
            resources.warm_up.start()
            logger = MetricsLogger(resources.counters)
            going_on = (
                ("records", records.run),
                ("relay", resources.relay.run),
                ("counts", logger.run),
                *(("watch", watch) for watch in watches),
                *(("upkeep", upkeep.run) for upkeep in storage.upkeep),
            )
            tasks = [
                *(asyncio.create_task(run_on(run, name), name=name) for name, run in going_on),
                asyncio.create_task(pages.prepare_shops(), name="shells"),
            ]
            try:
                async with app.state.workbench():
                    yield
            finally:
                await pages.jobs.drain(settings.shutdown_grace)
                await resources.relay.aclose()
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await records.finish()
                logger.write()
                await resources.providers.aclose()
                await resources.tracing.aclose()


def _build_site(
    tools: GeneratorTools,
    now: Callable[[], float],
    content: SiteContent,
    renderer: Renderer,
    drawn: Mapping[str, ShopView] = MappingProxyType({}),
) -> Site:
    """Return the site of these files: every shop with its fallbacks drawn, and its generators.

    Of what is `drawn` already, shops of which nothing has changed are taken over.
    """
    generator = build_generator(content, renderer, tools)
    arms = arm_generators(content, renderer, tools)
    rules = content.assets.names[PREFETCH_RULES]

    def view(shop: Shop) -> ShopView:
        known = drawn.get(shop.id)
        if known and known.shop is shop and known.content == content.digest_of(shop):
            return known
        headers = page_headers(image_hosts(shop), rules)
        return build_shop_view(shop, content, renderer, headers, moment=now())

    shops = {shop.id: view(shop) for shop in content.catalogs.shops.values()}
    shells = ShellCache(renderer)
    shells.shell(shops[content.catalogs.default.id], "newcomer", "")  # which stops us if it cannot
    return Site(content, renderer, generator, shells, shops, arms)


def _generator_tools(settings: Settings, resources: Resources) -> GeneratorTools:
    database = resources.storage.database
    demand = DemandReader(database.latest_facts, time.monotonic, resources.storage.clock)
    resources.counters["demand"] = demand.counts
    facts_of = database.facts_of if settings.personal else None
    return GeneratorTools(
        resources.relay.journal,
        resources.providers.with_house,
        settings.deadlines,
        settings.parsing,
        resources.warm_up.wait,
        resources.arms.finished,
        partial(interests_of, facts_of, resources.patience, demand),
        settings.personal,
        partial(read_interests, facts_of, resources.patience) if facts_of else no_interests,
    )


def _build_context(settings: Settings, resources: Resources, site: LiveSite) -> AppContext:
    """Return what handlers get."""
    ready, relay, records = resources.warm_up, resources.relay, resources.records
    cached = PageCache(
        resources.kv,
        site,
        ready.wait,
        resources.providers.is_degraded,
        clock=time.monotonic,
        fresh=settings.page_memory,
        personal=settings.personal,
    )
    capacity = Capacity(
        settings.max_concurrent_pages,
        settings.max_queued_pages,
        settings.max_lag,
        resources.lag.seconds,
    )
    storage, patience, metrics = resources.storage, resources.patience, resources.metrics
    persona_of, longest = storage.database.persona_of, settings.deadlines.page + _LEEWAY
    places = Places(settings.max_pages_per_address, longest, storage.rates, patience)
    instruments = Instruments(time.monotonic, metrics, page_spans(resources.tracing, ready.wait))
    jobs = PageJobs(
        site, relay, cached, records, capacity=capacity, places=places, instruments=instruments
    )
    resources.counters["pages"] = jobs.counts
    pages = PageService(
        site,
        jobs,
        journal=relay.journal,
        cache=cached,
        shoppers=ShopperCache(persona_of, time.monotonic, patience, resources.arms),
        records=records,
        warm_up=ready,
    )
    secret = session_secret(settings.session_secret, settings.data)
    earlier = tuple(text.encode() for text in settings.earlier_secrets)
    signer, drawn = SessionSigner(secret, earlier), BodyCache(CATALOG_MEMORY)
    now = storage.clock
    return AppContext(site, pages, signer, now, settings.heartbeat, drawn, metrics, ProxyCheck())


def _routes(
    settings: Settings, resources: Resources, context: AppContext, watch: SiteWatch
) -> list[Route]:
    store, product, stream = StorePage(context), ProductPage(context), Stream(context)
    categories, relay = CategoriesPage(context), resources.relay
    database, arms, rates = resources.storage.database, resources.arms, resources.storage.rates
    learner = PersonaLearner(database, context.now, rates)
    signals = SignalsEndpoint(context, learner, database, arms, resources.warm_up, rates)
    shops, forget = InlineShops(context.site), ForgetPage(context, resources.shoppers)
    basket = BasketPage(context, signals)
    checkout = CheckoutPage(context, watch.permalinks, signals)
    resources.counters.update(
        signals=signals.counts,
        learning=learner.counts,
        basket=basket.counts,
        forget=forget.counts,
        checkout=checkout.counts,
    )
    largest, patience = settings.max_request_bytes, settings.deadlines.page + _LEEWAY
    generate = Generate(context, shops, largest, patience, local_only=not settings.worker_secret)
    gauges = Gauges(relay.journal, resources.providers, watch.modified, resources.storage.pools)
    metrics = MetricsPage(context, settings.operator_token, resources.counters, gauges)
    checks = partial(_checks, resources, watch, context.proxy)
    health = Health(checks, lambda: time.monotonic() - resources.began, resources.storage.checked)
    status = StatusPage(context, settings.operator_token, health, gauges)
    get = ["GET"]
    routes = [
        Route("/store", store, methods=get),
        Route("/s/{shop_id}", store, methods=get),
        Route("/s/{shop_id}/stream/{page_id}", stream, methods=get),
        *_of_shop("/signals", signals, ["POST"]),
        *_of_shop("/forget", forget, ["GET", "POST"]),
        *_of_shop("/basket", basket, ["GET", "POST"]),
        *_of_shop("/checkout", checkout, get),
        Route("/static/{name}", Static(context.site), methods=get),
        Route("/pictures/{shop_id}/{path:path}", Pictures(context.site), methods=get),
        *_of_shop("/categories", categories, get),
        *_of_shop("/products/{id}", product, get),
        Route("/generate", generate, methods=["POST"]),
        Route("/health", health, methods=get),
        Route("/metrics", metrics, methods=get),
        *RootFiles(context).routes,
        *webhook_routes(settings.shopify, watch.note, resources.counters),
        Route("/insights", InsightsPage(context, settings, database, arms), methods=get),
        Route("/status", status, methods=get),
        Route("/", RedirectResponse("/store", 307), methods=get),
    ]
    return [*routes, Route("/{path:path}", NotFound(context, routes))]


def _of_shop(path: str, endpoint: ASGIApp, methods: list[str]) -> list[Route]:
    """Return where a part of the default shop is, and of each shop by its id."""
    return [Route(at, endpoint, methods=methods) for at in (path, f"/s/{{shop_id}}{path}")]


async def _checks(resources: Resources, watch: SiteWatch, proxy: ProxyCheck) -> Mapping[str, str]:
    return {
        **await check_storage(resources.storage, resources.kv),
        "llm_api": resources.providers.health(),
        "catalog": watch.state,
        "prompts": watch.prompts_state,
        "client_addresses": proxy.state,
    }
