"""Builds everything and the ASGI app; the only place that constructs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from functools import cache, partial
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.routing import Route

from app.catalog.images import image_hosts
from app.content.prompts import PLACE_OF_COMPONENTS
from app.content.site import SiteContent, build_renderer
from app.domain.catalog import Shop
from app.generation.job import GeneratorDeps
from app.generation.layouts import LayoutCache
from app.generation.prompt import instructions
from app.llm.budget import Budget
from app.llm.factory import Providers
from app.llm.ledgers import Ledgers
from app.metrics.counters import Counters, MetricsLogger
from app.pages.cache import PageCache
from app.pages.jobs import Capacity
from app.pages.journal import PageJournal
from app.pages.service import Backroom, PageService
from app.pages.shells import ShopView, build_shop_view
from app.personas.learner import PersonaLearner
from app.rendering.renderer import Renderer
from app.settings import Settings
from app.storage.db.write_behind import WriteBehind
from app.storage.factory import Storage, open_storage
from app.storage.kv.retrying import RetryingKv
from app.util.lazy import WarmUp
from app.web.auth import gate
from app.web.context import AppContext, OpenShop
from app.web.cookies import SessionSigner
from app.web.errors import NotFound, redirect_home, server_error
from app.web.generate import Generate
from app.web.headers import page_headers
from app.web.health import Health, PageTrace, check
from app.web.inline_shops import InlineShops
from app.web.products import ProductPage
from app.web.session_secret import session_secret
from app.web.signals import SignalsEndpoint, signal_routes
from app.web.static import Pictures, Static, brand_css
from app.web.store import StorePage
from app.web.stream import Stream

_LEEWAY = 10.0
"""Seconds that a page may take beside its deadline: to be kept, with every attempt at that."""


class Resources(NamedTuple):
    """What must be opened and closed."""

    state: Storage
    careful_kv: RetryingKv
    recorder: WriteBehind
    journal: PageJournal
    composers: Providers
    preparing: WarmUp
    began: float
    tallies: Counters


def create_app(settings: Settings, materials: SiteContent) -> Starlette:
    """Return the ASGI app. Its files and connections are opened when it starts."""
    services = _services(settings, materials)
    web = _web(settings, materials, services)
    app = Starlette(
        routes=_routes(settings, materials, services, web),
        lifespan=partial(_lifespan, settings, services, web.storefront),
        exception_handlers={500: partial(server_error, web)},
        middleware=gate(settings.worker_secret),
    )
    app.state.storefront = web.storefront
    app.state.preparing = services.preparing
    app.state.workbench = nullcontext
    if settings.design:
        from app.workbench.mount import join_workbench  # noqa: PLC0415 - a designer's shop alone

        again = partial(rebuild, settings, services, web.storefront)
        join_workbench(app, settings, materials, services.composers, again)
    return app


def rebuild(
    settings: Settings,
    services: Resources,
    front: PageService,
    materials: SiteContent,
    drawn: Renderer,
) -> tuple[AppContext, GeneratorDeps, list[Route]]:
    """Return the open shop with other materials, to be taken up in one step."""
    web = build_context(settings, materials, drawn, front)
    workshop = _workshop(settings, materials, services, drawn)
    return web, workshop, _routes(settings, materials, services, web)


@asynccontextmanager
async def _lifespan(
    settings: Settings, services: Resources, storefront: PageService, app: Starlette
) -> AsyncIterator[None]:
    settings.data.mkdir(parents=True, exist_ok=True)
    await services.state.kv.open()
    await services.state.database.open()
    services.preparing.start()
    teller = MetricsLogger(services.tallies)
    tasks = [
        asyncio.create_task(services.recorder.run(), name="recorder"),
        asyncio.create_task(services.journal.run(), name="journal sweep"),
        asyncio.create_task(teller.run(), name="teller"),
    ]
    try:
        async with app.state.workbench():
            yield
    finally:
        await storefront.drain(settings.shutdown_grace)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await services.recorder.finish()
        teller.write()
        await services.composers.aclose()
        await services.state.database.close()
        await services.state.kv.close()
        await services.state.aclose()


def _services(settings: Settings, materials: SiteContent) -> Resources:
    state = open_storage(settings)
    careful_kv = RetryingKv(state.kv, time.monotonic)
    purse = Budget(settings.spending, Ledgers(careful_kv), time.time)
    composers = Providers(settings, materials.prompts, purse)

    def prepare() -> None:
        materials.library.specs.load()
        composers.load()
        state.load()

    recorder = WriteBehind(state.database, state.batching)
    return Resources(
        state=state,
        careful_kv=careful_kv,
        recorder=recorder,
        journal=PageJournal(time.time),
        composers=composers,
        preparing=WarmUp(prepare),
        began=time.monotonic(),
        tallies={"kv": careful_kv.counts, "records": recorder.counts, "money": purse.counts},
    )


def _web(settings: Settings, materials: SiteContent, services: Resources) -> AppContext:
    renderer, prepared = build_renderer(materials), services.preparing.wait
    makeshift = services.composers.is_degraded
    kept = PageCache(services.careful_kv, renderer, prepared, makeshift, time.monotonic)
    storefront = PageService(
        _workshop(settings, materials, services, renderer),
        Backroom(services.journal, kept, services.state.database, services.recorder),
        time.monotonic,
        Capacity(settings.max_concurrent_pages, settings.max_queued_pages),
    )
    return build_context(settings, materials, renderer, storefront)


def build_context(
    settings: Settings, materials: SiteContent, renderer: Renderer, storefront: PageService
) -> AppContext:
    """Return what handlers get: every shop with its fallbacks drawn."""
    shops = {
        shop.id: OpenShop(_counter(shop, materials, renderer), page_headers(image_hosts(shop)))
        for shop in materials.catalogs.shops.values()
    }
    secret = session_secret(settings.session_secret, settings.data)
    default = shops[materials.catalogs.default.id]
    return AppContext(storefront, shops, default, renderer, SessionSigner(secret), time.time)


def _workshop(
    settings: Settings, materials: SiteContent, services: Resources, renderer: Renderer
) -> GeneratorDeps:
    library, prompts = materials.library, materials.prompts
    return GeneratorDeps(
        models=services.composers.in_order,
        journal=services.journal,
        renderer=renderer,
        specs=library.specs,
        slots=tuple(slot.id for slot in library.slots),
        required=frozenset(slot.id for slot in library.slots if slot.required),
        instructions=cache(
            lambda: instructions(prompts.storefront, PLACE_OF_COMPONENTS, library.specs.values())
        ),
        persona_briefs=prompts.personas,
        layouts=LayoutCache(services.careful_kv),
        ready=services.preparing.wait,
        slot_seconds={slot.id: slot.seconds for slot in library.slots if slot.seconds is not None},
        deadlines=settings.deadlines,
        parse_limits=settings.parsing,
    )


def _counter(shop: Shop, materials: SiteContent, renderer: Renderer) -> ShopView:
    content, house = materials.content(shop), materials.prompts.house
    return build_shop_view(shop, materials.urls_of(shop), content, house, renderer)


def _generate(settings: Settings, materials: SiteContent, web: AppContext) -> Generate:
    shops = InlineShops(web.shops, lambda shop: _counter(shop, materials, web.renderer), brand_css)
    return Generate(web, shops, settings.max_request_bytes, settings.deadlines.page + _LEEWAY)


def _routes(
    settings: Settings, materials: SiteContent, services: Resources, web: AppContext
) -> list[Route]:
    store, product, stream = StorePage(web), ProductPage(web), Stream(web)
    learning = PersonaLearner(services.state.database, web.storefront, web.now)
    signals = SignalsEndpoint(web, learning, services.preparing.wait)
    services.tallies.update(signals=signals.counts, learning=learning.counts)
    checked = services.state.checked
    health = Health(partial(_checks, services), lambda: time.monotonic() - services.began, checked)
    pictures = Pictures(web, materials.catalogs.pictures)
    get = ["GET"]
    routes = [
        Route("/store", store, methods=get),
        Route("/s/{shop_id}", store, methods=get),
        Route("/s/{shop_id}/stream/{page_id}", stream, methods=get),
        *signal_routes(signals),
        Route("/static/{name}", Static(materials.assets), methods=get),
        Route("/pictures/{shop_id}/{path:path}", pictures, methods=get),
        Route("/products/{id}", product, methods=get),
        Route("/s/{shop_id}/products/{id}", product, methods=get),
        Route("/generate", _generate(settings, materials, web), methods=["POST"]),
        Route("/health", health, methods=get),
        Route("/", redirect_home, methods=get),
    ]
    if settings.design:
        routes.append(Route("/debug/pages/{page_id}", PageTrace(web.storefront), methods=get))
    return [*routes, Route("/{path:path}", NotFound(web, routes))]


async def _checks(services: Resources) -> Mapping[str, str]:
    kv = await check(services.state.kv.get("health"))
    database = await check(services.state.database.persona_of("health", "health"))
    return {"kv_connection": kv, "database": database, "llm_api": services.composers.health()}
