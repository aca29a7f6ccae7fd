"""The routes of the checks: what to look at, what is wrong with its markup, and pictures of it."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.workbench.access import cookie_name
from app.workbench.checks.markup import axe_script, markup_findings
from app.workbench.checks.snapshots import Pictures
from app.workbench.gallery.pages import PAGES
from app.workbench.gallery.states import state_names
from app.workbench.reload.manager import ContentReloader
from app.workbench.responses import answer, file, page, read_json, text
from app.workbench.templates import Templates


class CheckRoutes:
    """Answers with what checks need; they run in the browser that looks at the page."""

    def __init__(self, live: ContentReloader, templates: Templates, pictures: Pictures) -> None:
        self._live = live
        self._templates = templates
        self._pictures = pictures
        self.routes = [
            Route("/checks", self.checks),
            Route("/states", self.states),
            Route("/markup/{name}", self.markup),
            Route("/styles/{name}", self.styles),
            Route("/axe.js", self.axe),
            Route("/pictures", self.known),
            Route("/pictures", self.take, methods=["POST"]),
            Route("/pictures/accept", self.accept, methods=["POST"]),
            Route("/pictures/{which}/{name}", self.picture),
        ]

    async def checks(self, _: Request) -> Response:
        """Show the checks."""
        axe = axe_script() is not None
        return page(self._templates.draw("checks", axe=axe))

    async def states(self, _: Request) -> Response:
        """Answer with every state there is."""
        return answer(self._states())

    def _states(self) -> list[dict[str, str]]:
        """Return the states of all components, then those of whole pages."""
        specs = self._live.version.content.library.specs.values()
        of_components = {spec.name: state_names(spec) for spec in specs}
        return [
            {"component": name, "state": state, "of": of}
            for of, named in (("components", of_components), ("pages", PAGES))
            for name, states in named.items()
            for state in states
        ]

    async def markup(self, request: Request) -> Response:
        """Answer with what is wrong with the markup of a component's or a page's states."""
        name = request.path_params["name"]
        found = await asyncio.to_thread(markup_findings, self._live, name)
        return answer([finding._asdict() for finding in found])

    async def styles(self, request: Request) -> Response:
        """Answer with a component's own styles."""
        name = f"components/{request.path_params['name']}.css"
        return text(self._live.version.sources.texts.get(name, ""))

    async def axe(self, _: Request) -> Response:
        """Answer with axe-core's script, if it is installed."""
        path = axe_script()
        if path is None:
            return answer({"error": "axe-core is not installed"}, 404)
        return text(path.read_text("utf-8"), "text/javascript")

    async def known(self, _: Request) -> Response:
        """Answer with the names of all pictures."""
        return answer({which: self._pictures.names(which) for which in ("taken", "accepted")})

    async def take(self, request: Request) -> Response:
        """Take pictures of a component's states, or of all."""
        payload = await read_json(request)
        url = f"{request.url.scheme}://{request.url.netloc}"
        every = self._states()
        chosen = [state for state in every if state["component"] == payload.get("component")]
        name = cookie_name(request.url.netloc)
        cookie = f"{name}={request.cookies.get(name, '')}"
        message = await self._pictures.take(url, chosen or every, cookie)
        return answer({"message": message})

    async def accept(self, request: Request) -> Response:
        """Accept pictures as what states are to look like."""
        payload = await read_json(request)
        names = payload.get("names")
        accepted = [str(name) for name in names] if isinstance(names, list) else []
        for name in accepted:
            self._pictures.accept(name)
        return answer({"message": f"accepted {len(accepted)}"})

    async def picture(self, request: Request) -> Response:
        """Answer with a picture."""
        which, name = request.path_params["which"], request.path_params["name"]
        return file(self._pictures.path(which, name))
