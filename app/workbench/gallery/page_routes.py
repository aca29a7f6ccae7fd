"""The routes of the shop's own pages: each in every state, looked at as components are."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalog.images import image_hosts
from app.workbench.gallery.pages import PAGES, PURPOSES
from app.workbench.gallery.routes import WIDTHS, choices, styles_for
from app.workbench.gallery.states import (
    RenderedPage,
    ViewOptions,
    draw_page,
    read_view_options,
    speech,
    with_options,
)
from app.workbench.reload.manager import ContentReloader
from app.workbench.responses import answer, framed, page
from app.workbench.templates import Templates

_AXE = '<script src="/design/axe.js" defer></script>\n'


class PageRoutes:
    """Answers with whole pages as the shop draws them."""

    def __init__(self, live: ContentReloader, templates: Templates) -> None:
        self._live = live
        self._templates = templates
        self.routes = [Route("/pages", self.gallery)]
        for name in PAGES:
            self.routes += [
                Route(f"/pages/{name}", partial(self.page, name)),
                Route(f"/frame/{name}", partial(self.frame, name)),
                Route(f"/drawing/{name}", partial(self.drawing, name)),
            ]

    async def gallery(self, request: Request) -> Response:
        """Show every page in every state."""
        options = read_view_options(request.scope["query_string"])
        rows = [
            {"name": name, "purpose": PURPOSES[name], "slots": (), "states": list(states)}
            for name, states in PAGES.items()
        ]
        return page(
            self._templates.draw("pages", rows=rows, options=options, **choices(self._live))
        )

    async def page(self, name: str, request: Request) -> Response:
        """Show one page in one state at four widths."""
        options = read_view_options(request.scope["query_string"])
        states = list(PAGES[name])
        return page(
            self._templates.draw(
                "page",
                page_name=name,
                purpose=PURPOSES[name],
                options=options,
                states=states,
                state=options.state if options.state in states else states[0],
                widths=WIDTHS,
                **choices(self._live),
            )
        )

    async def frame(self, name: str, request: Request) -> Response:
        """Show a page alone, without anything that acts."""
        options = read_view_options(request.scope["query_string"])
        rendered = draw_page(self._live, name, options)
        head = _AXE if "examined" in request.query_params else ""
        return framed(self._with_options(name, rendered, options, head), image_hosts(rendered.shop))

    async def drawing(self, name: str, request: Request) -> Response:
        """Answer with a page's HTML, or with what is wrong with it."""
        options = read_view_options(request.scope["query_string"])
        rendered = draw_page(self._live, name, options)
        payload = {
            "whole": True,
            **speech(self._live, rendered.shop, options),
            "html": self._with_options(name, rendered, options),
            "fault": rendered.fault.as_json() if rendered.fault else None,
            "styles": styles_for(self._live, options),
        }
        return answer(payload)

    def _with_options(
        self, name: str, rendered: RenderedPage, options: ViewOptions, head: str = ""
    ) -> str:
        stylesheet = self._live.version.content.assets.names["shop.css"]
        html = rendered.html or self._templates.draw("error", page_name=name, sheet=stylesheet)
        return with_options(html, options, stylesheet, styles_for(self._live, options), head)
