"""Builds everything and the ASGI app; the only place that constructs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.composers import Composers
from app.composing import Capacity
from app.counter import open_counter
from app.kept_pages import KeptPages
from app.materials import Materials, addresses_of, renderer_of
from app.models import Shop
from app.plans import Plans
from app.preparing import Preparing
from app.services.catalog import image_hosts
from app.services.database.recorder import Recorder
from app.services.database.sqlite import SqliteDatabase
from app.services.journal import MemoryJournal
from app.services.kv.sqlite import SqliteKv
from app.services.kv.writing import CarefulKv
from app.services.prompts import PLACE_OF_COMPONENTS
from app.services.secrets import session_secret
from app.settings import Settings
from app.stages.addresses import Addresses
from app.stages.brief import instructions
from app.stages.render import Renderer
from app.storefront import Backroom, Storefront
from app.web.counters import OpenShop, Web
from app.web.health import Health, PageTrace, state_of
from app.web.identity import Identities
from app.web.missing import NotFound
from app.web.products import ProductPage
from app.web.security import page_headers
from app.web.static import Pictures, Static
from app.web.store import StorePage
from app.web.stream import Stream
from app.workshop import Workshop

if TYPE_CHECKING:
    from app.design.workbench import Workbench


class Services(NamedTuple):
    """What must be opened and closed."""

    kv: SqliteKv
    careful_kv: CarefulKv
    database: SqliteDatabase
    recorder: Recorder
    journal: MemoryJournal
    composers: Composers
    preparing: Preparing
    began: float


def create_app(settings: Settings, materials: Materials) -> Starlette:
    """Return the ASGI app. Its files and connections are opened when it starts."""
    services = _services(settings, materials)
    web = _web(settings, materials, services)
    app = Starlette(
        routes=_routes(settings, materials, services, web),
        lifespan=partial(_lifespan, settings, services, web.storefront),
        exception_handlers={500: partial(_failed, web)},
    )
    app.state.storefront = web.storefront
    app.state.preparing = services.preparing
    designing = settings.design
    app.state.workbench = _workbench(app, settings, materials, services) if designing else None
    return app


def _workbench(
    app: Starlette, settings: Settings, materials: Materials, services: Services
) -> Workbench:
    """Return the designer's workbench, which may hand the shop other materials as it runs."""
    from app.design.workbench import Workbench  # noqa: PLC0415 - no shop but a designer's has it

    def take_up(changed: Materials, renderer: Renderer) -> Web:
        """Let the shop go on with these, in one step; what is under way ends as it began."""
        storefront: Storefront = app.state.storefront
        web = _opened(settings, changed, renderer, storefront)
        services.composers.take_up(changed.prompts)
        storefront.take_up(_workshop(changed, services, renderer))
        app.router.routes = [*workbench.routes, *_routes(settings, changed, services, web)]
        return web

    workbench = Workbench(settings, materials, services.composers, take_up)
    app.router.routes = [*workbench.routes, *app.router.routes]
    return workbench


@asynccontextmanager
async def _lifespan(
    settings: Settings, services: Services, storefront: Storefront, app: Starlette
) -> AsyncIterator[None]:
    settings.data.mkdir(parents=True, exist_ok=True)
    await services.kv.open()
    await services.database.open()
    services.preparing.begin()
    recording = asyncio.create_task(services.recorder.run(), name="recorder")
    sweeping = asyncio.create_task(_sweep(services.journal), name="journal sweep")
    workbench: Workbench | None = app.state.workbench
    try:
        async with workbench.open() if workbench else nullcontext():
            yield
    finally:
        await storefront.drain(settings.grace)
        for task in (recording, sweeping):
            task.cancel()
        await asyncio.wait((recording, sweeping))
        await services.recorder.flush()
        await services.composers.aclose()
        await services.database.close()
        await services.kv.close()


async def _sweep(journal: MemoryJournal) -> None:
    while True:
        await asyncio.sleep(30)
        journal.sweep()


def _services(settings: Settings, materials: Materials) -> Services:
    kv = SqliteKv(settings.data / "kv.sqlite3", time.time)
    database = SqliteDatabase(settings.data / "shop.sqlite3", settings.root / "migrations")
    composers = Composers(settings, materials.prompts)

    def prepare() -> None:
        materials.library.specs.load()
        composers.load()

    return Services(
        kv=kv,
        careful_kv=CarefulKv(kv, time.monotonic),
        database=database,
        recorder=Recorder(database),
        journal=MemoryJournal(time.time),
        composers=composers,
        preparing=Preparing(prepare),
        began=time.monotonic(),
    )


def _web(settings: Settings, materials: Materials, services: Services) -> Web:
    renderer = renderer_of(materials)
    kept = KeptPages(services.careful_kv, renderer, services.preparing.done, time.monotonic)
    storefront = Storefront(
        _workshop(materials, services, renderer),
        Backroom(services.journal, kept, services.database, services.recorder),
        time.monotonic,
        Capacity(settings.at_once, settings.waiting),
    )
    return _opened(settings, materials, renderer, storefront)


def _opened(
    settings: Settings, materials: Materials, renderer: Renderer, storefront: Storefront
) -> Web:
    """Return what handlers get: every shop with its fallbacks drawn."""
    addresses = addresses_of(materials)
    shops = {
        shop.id: _open_shop(shop, addresses[shop.id], materials, renderer)
        for shop in materials.catalogs.shops.values()
    }
    secret = session_secret(settings.session_secret, settings.data)
    default = shops[materials.catalogs.default.id]
    return Web(storefront, shops, default, renderer, Identities(secret), time.time)


def _workshop(materials: Materials, services: Services, renderer: Renderer) -> Workshop:
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
    )


def _open_shop(
    shop: Shop, addresses: Addresses, materials: Materials, renderer: Renderer
) -> OpenShop:
    content = materials.content(shop)
    counter = open_counter(shop, addresses, content, materials.prompts.house, renderer)
    return OpenShop(counter, page_headers(image_hosts(shop)))


def _routes(settings: Settings, materials: Materials, services: Services, web: Web) -> list[Route]:
    store, product, stream = StorePage(web), ProductPage(web), Stream(web)
    health = Health(partial(_checks, services), lambda: time.monotonic() - services.began)
    pictures = Pictures(web, materials.catalogs.pictures)
    get = ["GET"]
    routes = [
        Route("/store", store, methods=get),
        Route("/s/{shop_id}", store, methods=get),
        Route("/s/{shop_id}/stream/{page_id}", stream, methods=get),
        Route("/static/{name}", Static(materials.assets), methods=get),
        Route("/pictures/{shop_id}/{path:path}", pictures, methods=get),
        Route("/products/{id}", product, methods=get),
        Route("/s/{shop_id}/products/{id}", product, methods=get),
        Route("/health", health, methods=get),
        Route("/", _to_the_store, methods=get),
    ]
    if settings.design:
        routes.append(Route("/debug/pages/{page_id}", PageTrace(web.storefront), methods=get))
    return [*routes, Route("/{path:path}", NotFound(web))]


async def _to_the_store(_: Request) -> Response:
    return RedirectResponse("/store", 307)


async def _failed(web: Web, _request: Request, _error: Exception) -> Response:
    html = web.renderer.message_page(
        web.default.counter.shop,
        "Something went wrong",
        "That was our fault, not yours. Please try again in a moment.",
    )
    headers = {name.decode(): value.decode() for name, value in web.default.headers}
    return HTMLResponse(html, 500, headers=headers)


async def _checks(services: Services) -> Mapping[str, str]:
    kv = await state_of(services.kv.get("health"))
    database = await state_of(services.database.persona_of("health"))
    return {"kv_connection": kv, "database": database, "llm_api": services.composers.health()}
