"""The shop in the tests' own process: it opens in milliseconds, and cannot be sent a signal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, cast

from app.content.site import SiteContent, catalogs_of, feed_source, read_site
from app.domain.catalog import Shop
from app.pages.ahead import ComposeAhead
from app.pages.jobs import PageJobs
from app.rendering.renderer import Renderer, SlotContent
from app.server import build_server
from app.settings import ROOT, Settings, ShopifySettings, read_settings
from app.util.json_log import JsonLines
from app.web.errors import ShopApp
from tests.support.serving import event_loop, opened
from tests.support.tables import migrated
from tools.support.server import Server

_current: ContextVar[Server | None] = ContextVar("_current", default=None)
"""The shop in whose name code runs: several may be open at once, each with a log of its own."""


class InProcessServer(Server):
    """A `Server` that is a thread of this process."""

    def start(self) -> None:
        """Start and wait until it serves."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        if "WANDSTORE_STATE" not in self._environment and not self.data.exists():
            self.data.mkdir(0o700)
            (self.data / "shop.sqlite3").touch(0o600)
            (self.data / "shop.sqlite3").write_bytes(migrated())
        self._running = ExitStack()
        self._loop = self._running.enter_context(event_loop())
        shop = self._loop.wrap_async_context_manager(self._shop())
        self.port = self._running.enter_context(shop)

    def stop(self) -> None:
        """End as a process does on SIGTERM."""
        self._running.close()

    def trace(self, page_id: str) -> dict[str, Any]:
        """Return the trace of a page."""
        return self._loop.call(self._jobs.traces[page_id].as_dict)

    def finish_pages(self) -> None:
        """Wait until no page is being composed."""
        self._loop.call(_pages_composed)

    def compose_ahead(self, shop_id: str) -> dict[str, int]:
        """Look once whether anything changes soon; return what has come of all looks."""
        self._loop.call(self._ahead.prepare, shop_id)
        return dict(self._ahead.counts)

    @asynccontextmanager
    async def _shop(self) -> AsyncIterator[int]:
        _current.set(self)
        handler = self._handler()
        logging.getLogger().addHandler(handler)
        try:
            environment = {"WANDSTORE_PORT": str(self.port), **self._environment}
            server = build_server(read_settings(environment), _read)
            self._jobs: PageJobs = server.pages.jobs
            self._ahead: ComposeAhead = cast("ShopApp", server.config.app).state.ahead
            async with opened(server) as port:
                yield port
        finally:
            logging.getLogger().removeHandler(handler)
            handler.close()

    def _handler(self) -> logging.Handler:
        """Return what writes this shop's log, and nothing of its neighbours'."""
        logging.getLogger("wandstore").setLevel(logging.INFO)
        handler = logging.FileHandler(self._log_path)
        handler.setFormatter(JsonLines())
        handler.addFilter(lambda _: _current.get() is self)
        return handler


_DEMO = ROOT / "demo" / "catalog.json"
_ours: dict[object, SiteContent] = {}


def _read(settings: Settings) -> SiteContent:
    """Read the shop's files; those of the project itself once, since no test changes them."""
    if settings.root != ROOT:
        return read_site(settings)
    sells_demo = settings.catalog == _DEMO and feed_source(settings) is None
    key = (settings.currency, settings.public_url, settings.security_contact)
    if key not in _ours:
        demo = settings._replace(catalog=_DEMO, catalog_url="", shopify=ShopifySettings())
        files = next(iter(_ours.values()), None) or read_site(demo)
        _ours[key] = files.with_catalogs(catalogs_of(demo))._replace(
            public_url=settings.public_url, security_contact=settings.security_contact
        )
    if sells_demo:
        return _ours[key]
    catalogs = catalogs_of(settings)
    _ours[key].check_languages(catalogs)
    return _ours[key].with_catalogs(catalogs)


Fallbacks = dict[str, SlotContent]
Draw = Callable[[Shop, SiteContent, Renderer], Fallbacks]


def drawn_once(draw: Draw) -> Draw:
    """Return `draw_fallbacks` as it is, but for what it has drawn of the project's own shop."""
    kept: dict[tuple[object, str], Fallbacks] = {}

    def draw_or_take(shop: Shop, content: SiteContent, renderer: Renderer) -> Fallbacks:
        ours = next((key for key, known in _ours.items() if known is content), None)
        if ours is None or shop is not content.catalogs.shops.get(shop.id):
            return draw(shop, content, renderer)
        key = (ours, shop.id)
        if key not in kept:
            kept[key] = draw(shop, content, renderer)
        return dict(kept[key])

    return draw_or_take


def compiled_once(compile_all: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return `compile_all` as it is, but for the project's own templates, once they are right."""
    ours = cache(compile_all)
    return lambda folder: (ours if folder == ROOT / "components" else compile_all)(folder)


async def _pages_composed() -> None:
    composing = [task for task in asyncio.all_tasks() if task.get_name().startswith("compose ")]
    if composing:
        await asyncio.wait(composing)
