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
from app.content.site import Materials, renderer_of
from app.domain.catalog import Shop
from app.generation.job import Workshop
from app.generation.layouts import Plans
from app.generation.prompt import instructions
from app.llm.budget import Purse
from app.llm.factory import Composers
from app.llm.ledgers import Ledgers
from app.metrics.counters import Tallies, Teller
from app.pages.cache import KeptPages
from app.pages.jobs import Capacity
from app.pages.journal import MemoryJournal
from app.pages.service import Backroom, Storefront
from app.pages.shells import Counter, open_counter
from app.personas.learner import Learning
from app.rendering.renderer import Renderer
from app.settings import Settings
from app.storage.db.write_behind import Recorder
from app.storage.factory import State, make_state
from app.storage.kv.retrying import CarefulKv
from app.util.lazy import Preparing
from app.web.auth import gate
from app.web.context import OpenShop, Web
from app.web.cookies import Identities
from app.web.errors import NotFound, failed, to_the_store
from app.web.generate import Generate
from app.web.headers import page_headers
from app.web.health import Health, PageTrace, check
from app.web.inline_shops import SentShops
from app.web.products import ProductPage
from app.web.session_secret import session_secret
from app.web.signals import SignalsDoor, signal_routes
from app.web.static import Pictures, Static, brand_css
from app.web.store import StorePage
from app.web.stream import Stream

_LEEWAY = 10.0
"""Seconds that a page may take beside its deadline: to be kept, with every attempt at that."""


class Services(NamedTuple):
    """What must be opened and closed."""

    state: State
    careful_kv: CarefulKv
    recorder: Recorder
    journal: MemoryJournal
    composers: Composers
    preparing: Preparing
    began: float
    tallies: Tallies


def create_app(settings: Settings, materials: Materials) -> Starlette:
    """Return the ASGI app. Its files and connections are opened when it starts."""
    services = _services(settings, materials)
    web = _web(settings, materials, services)
    app = Starlette(
        routes=_routes(settings, materials, services, web),
        lifespan=partial(_lifespan, settings, services, web.storefront),
        exception_handlers={500: partial(failed, web)},
        middleware=gate(settings.worker_secret),
    )
    app.state.storefront = web.storefront
    app.state.preparing = services.preparing
    app.state.workbench = nullcontext
    if settings.design:
        from app.workbench.mount import join_workbench  # noqa: PLC0415 - a designer's shop alone

        again = partial(_redrawn, settings, services, web.storefront)
        join_workbench(app, settings, materials, services.composers, again)
    return app


def _redrawn(
    settings: Settings, services: Services, front: Storefront, materials: Materials, drawn: Renderer
) -> tuple[Web, Workshop, list[Route]]:
    """Return the open shop with other materials, to be taken up in one step."""
    web = _opened(settings, materials, drawn, front)
    workshop = _workshop(settings, materials, services, drawn)
    return web, workshop, _routes(settings, materials, services, web)


@asynccontextmanager
async def _lifespan(
    settings: Settings, services: Services, storefront: Storefront, app: Starlette
) -> AsyncIterator[None]:
    settings.data.mkdir(parents=True, exist_ok=True)
    await services.state.kv.open()
    await services.state.database.open()
    services.preparing.begin()
    teller = Teller(services.tallies)
    tasks = [
        asyncio.create_task(services.recorder.run(), name="recorder"),
        asyncio.create_task(services.journal.run(), name="journal sweep"),
        asyncio.create_task(teller.run(), name="teller"),
    ]
    try:
        async with app.state.workbench():
            yield
    finally:
        await storefront.drain(settings.grace)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await services.recorder.finish()
        teller.tell()
        await services.composers.aclose()
        await services.state.database.close()
        await services.state.kv.close()
        await services.state.aclose()


def _services(settings: Settings, materials: Materials) -> Services:
    state = make_state(settings)
    careful_kv = CarefulKv(state.kv, time.monotonic)
    purse = Purse(settings.spending, Ledgers(careful_kv), time.time)
    composers = Composers(settings, materials.prompts, purse)

    def prepare() -> None:
        materials.library.specs.load()
        composers.load()
        state.load()

    recorder = Recorder(state.database, state.gathering)
    return Services(
        state=state,
        careful_kv=careful_kv,
        recorder=recorder,
        journal=MemoryJournal(time.time),
        composers=composers,
        preparing=Preparing(prepare),
        began=time.monotonic(),
        tallies={"kv": careful_kv.counts, "records": recorder.counts, "money": purse.counts},
    )


def _web(settings: Settings, materials: Materials, services: Services) -> Web:
    renderer, prepared = renderer_of(materials), services.preparing.done
    makeshift = services.composers.is_makeshift
    kept = KeptPages(services.careful_kv, renderer, prepared, makeshift, time.monotonic)
    storefront = Storefront(
        _workshop(settings, materials, services, renderer),
        Backroom(services.journal, kept, services.state.database, services.recorder),
        time.monotonic,
        Capacity(settings.at_once, settings.waiting),
    )
    return _opened(settings, materials, renderer, storefront)


def _opened(
    settings: Settings, materials: Materials, renderer: Renderer, storefront: Storefront
) -> Web:
    """Return what handlers get: every shop with its fallbacks drawn."""
    shops = {
        shop.id: OpenShop(_counter(shop, materials, renderer), page_headers(image_hosts(shop)))
        for shop in materials.catalogs.shops.values()
    }
    secret = session_secret(settings.session_secret, settings.data)
    default = shops[materials.catalogs.default.id]
    return Web(storefront, shops, default, renderer, Identities(secret), time.time)


def _workshop(
    settings: Settings, materials: Materials, services: Services, renderer: Renderer
) -> Workshop:
    library, prompts = materials.library, materials.prompts
    return Workshop(
        composers=services.composers.in_order,
        journal=services.journal,
        renderer=renderer,
        specs=library.specs,
        slots=tuple(slot.id for slot in library.slots),
        required=frozenset(slot.id for slot in library.slots if slot.required),
        instructions=cache(
            lambda: instructions(prompts.storefront, PLACE_OF_COMPONENTS, library.specs.values())
        ),
        persona_briefs=prompts.personas,
        plans=Plans(services.careful_kv),
        prepared=services.preparing.done,
        slot_seconds={slot.id: slot.seconds for slot in library.slots if slot.seconds is not None},
        deadlines=settings.deadlines,
        parse_limits=settings.parsing,
    )


def _counter(shop: Shop, materials: Materials, renderer: Renderer) -> Counter:
    content, house = materials.content(shop), materials.prompts.house
    return open_counter(shop, materials.addresses_of(shop), content, house, renderer)


def _generate(settings: Settings, materials: Materials, web: Web) -> Generate:
    shops = SentShops(web.shops, lambda shop: _counter(shop, materials, web.renderer), brand_css)
    return Generate(web, shops, settings.largest_request, settings.deadlines.page + _LEEWAY)


def _routes(settings: Settings, materials: Materials, services: Services, web: Web) -> list[Route]:
    store, product, stream = StorePage(web), ProductPage(web), Stream(web)
    learning = Learning(services.state.database, web.storefront, web.now)
    signals = SignalsDoor(web, learning, services.preparing.done)
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
        Route("/", to_the_store, methods=get),
    ]
    if settings.design:
        routes.append(Route("/debug/pages/{page_id}", PageTrace(web.storefront), methods=get))
    return [*routes, Route("/{path:path}", NotFound(web, routes))]


async def _checks(services: Services) -> Mapping[str, str]:
    kv = await check(services.state.kv.get("health"))
    database = await check(services.state.database.persona_of("health"))
    return {"kv_connection": kv, "database": database, "llm_api": services.composers.health()}
