"""The designer's workbench: what `/design` answers, and what watches while the shop is open."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Receive, Scope, Send

from app.llm.factory import Providers
from app.pages.jobs import PageJobs
from app.pages.service import PageService
from app.pages.site import LiveSite
from app.settings import Settings, SettingsError
from app.util.tasks import run_on
from app.web.session_secret import kept_secret
from app.workbench.access import Guard
from app.workbench.checks.routes import CheckRoutes
from app.workbench.checks.snapshots import Pictures
from app.workbench.evals import comparison
from app.workbench.gallery.pages import PAGES
from app.workbench.gallery.routes import GalleryRoutes
from app.workbench.gallery.samples import add_sample
from app.workbench.player.registry import RunRegistry
from app.workbench.player.routes import PlayerRoutes
from app.workbench.reload.manager import BuildSite, ContentReloader
from app.workbench.reload.watch import watch
from app.workbench.responses import BadRequest, answer, page, read_json, streamed
from app.workbench.rules import rules_page
from app.workbench.safe_write import NotWritten, Overtaken
from app.workbench.templates import Templates, static


def mount_workbench(
    app: Starlette,
    settings: Settings,
    site: LiveSite,
    providers: Providers,
    build_site: BuildSite,
) -> None:
    """Add the workbench to a shop's routes, and to what is open while the shop is.

    Raises:
        SettingsError: what the workbench needs is not installed, as in the image.
    """
    if find_spec("watchfiles") is None:
        raise SettingsError("WANDSTORE_DESIGN needs watchfiles: install wandstore[design]")
    pages: PageService = app.state.pages
    workbench = Workbench(settings, site, providers, build_site, pages.jobs)
    *routes, answers_everything = app.router.routes
    app.router.routes = [*routes, *workbench.routes, answers_everything]
    app.state.workbench = workbench.open
    app.state.workbench_address = workbench.address


class Workbench:
    """Everything under `/design`, and the traces, behind one guard.

    Where files have changed, `build_site` makes the site anew. `address` leads in: it has the key.
    """

    def __init__(
        self,
        settings: Settings,
        site: LiveSite,
        providers: Providers,
        build_site: BuildSite,
        jobs: PageJobs,
    ) -> None:
        self._settings = settings
        self._jobs = jobs
        key = _key(settings)
        self.address = f"/design/?key={key}"
        self.live = ContentReloader(site, settings.root, build_site)
        self._templates = Templates(self._known)
        self._runs = RunRegistry(settings, self.live, providers)
        gallery = GalleryRoutes(self.live, self._templates)
        player = PlayerRoutes(settings.root, self.live, self._runs, self._templates)
        inspection = CheckRoutes(self.live, self._templates, Pictures(settings.root, settings.data))
        routes: list[BaseRoute] = [
            *gallery.routes,
            *player.routes,
            *inspection.routes,
            rules_page(self.live, self._templates),
            comparison(settings.data / "evals", self._templates),
            Route("/design", RedirectResponse("/design/", 307, {"Cache-Control": "no-store"})),
            Route("/debug/pages/{page_id}", self.trace),
            Route("/news", self.news),
            Route("/now", self.now),
            Route("/samples", self.sample, methods=["POST"]),
            Route("/static/{name}", static),
            Route("/{path:path}", self._missing),
        ]
        self._answer = ExceptionMiddleware(
            Router(routes),
            handlers={
                BadRequest: partial(_refuse, 400),
                NotWritten: partial(_refuse, 400),
                Overtaken: partial(_refuse, 409),
            },
        )
        self._guard = Guard(self, key)
        self.routes: list[BaseRoute] = [
            Route("/debug/pages/{page_id}", self._guard),
            Route("/design", self._guard),
            Mount("/design", app=self._guard),
        ]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Read the designer's files, and watch them for as long as the shop is open."""
        look_on = partial(watch, self._settings.root, self.live.saved)
        watching = asyncio.create_task(run_on(look_on, "the watch of the designer's files"))
        beginning = asyncio.create_task(self._begin(), name="reading the designer's files")
        try:
            yield
        finally:
            self.live.news.close()
            watching.cancel()
            beginning.cancel()
            await self._runs.close()
            await asyncio.wait((watching, beginning))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer once the files have been read for the first time."""
        await self.live.wait()
        await self._answer(scope, receive, send)

    async def _begin(self) -> None:
        """Read the files once the watch is set, so that no save falls between the two."""
        await asyncio.sleep(0)
        await self.live.begin()

    async def news(self, _: Request) -> Response:
        """Tell what is saved, as it is."""
        return streamed(self.live.news.listen())

    async def now(self, _: Request) -> Response:
        """Answer with the version that is drawn, and what is wrong with the files."""
        faults = [fault.as_json() for fault in self.live.faults]
        return answer({"version": self.live.version.number, "faults": faults})

    async def trace(self, request: Request) -> Response:
        """Answer with what happened to a page of the shop's."""
        trace = self._jobs.traces.get(request.path_params["page_id"])
        return answer({"error": "no such page"}, 404) if trace is None else answer(trace.as_dict())

    async def sample(self, request: Request) -> Response:
        """Keep a config as a sample."""
        payload = await read_json(request)
        return answer({"message": add_sample(self.live, self._settings.root, payload)})

    async def _missing(self, _: Request) -> Response:
        return page(self._templates.draw("missing"), 404)

    def _known(self) -> dict[str, Any]:
        """Return what every page of the workbench shows."""
        version = self.live.version
        return {
            "names": list(version.content.library.specs),
            "page_names": list(PAGES),
            "faults": [fault.as_json() for fault in self.live.faults],
            "token": self._guard.token,
            "version": version.number,
        }


def _key(settings: Settings) -> str:
    """Return the key that leads in: kept where the disk is ours, else another at each start."""
    if settings.storage.where != "sqlite":
        return secrets.token_hex(32)
    return kept_secret(settings.data / "workbench.secret").decode()


async def _refuse(status: int, _: Request, error: Exception) -> Response:
    return answer({"error": str(error)}, status)
