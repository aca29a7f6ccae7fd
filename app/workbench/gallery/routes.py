"""The gallery's routes: every component in every state, its controls, and what is told of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalog.images import image_hosts
from app.generation.prompt import count_tokens, describe
from app.workbench.gallery.controls import controls
from app.workbench.gallery.fixtures import CATALOGS
from app.workbench.gallery.states import (
    CHOICES,
    RenderedState,
    ViewOptions,
    draw,
    read_view_options,
    state_names,
)
from app.workbench.reload.manager import ContentReloader
from app.workbench.responses import answer, framed, page, text
from app.workbench.templates import Templates

WIDTHS = (360, 768, 1024, 1440)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)")
_MOTION = re.compile(r"\(\s*prefers-reduced-motion\s*:\s*(reduce|no-preference)\s*\)")
_TRUE, _FALSE = "(min-width: 0)", "(max-width: 0)"


class GalleryRoutes:
    """Answers with components as the shop draws them."""

    def __init__(self, live: ContentReloader, paper: Templates) -> None:
        self._live = live
        self._paper = paper
        get = ["GET"]
        self.routes = [
            Route("/", self.gallery, methods=get),
            Route("/components/{name}", self.component, methods=get),
            Route("/frame/{name}", self.frame, methods=get),
            Route("/drawing/{name}", self.drawing, methods=get),
            Route("/told/{name}", self.told, methods=get),
            Route("/styles.css", self.styles, methods=get),
        ]

    async def gallery(self, request: Request) -> Response:
        """Show every component with every sample."""
        await self._live.wait()
        look = read_view_options(request.scope["query_string"])
        specs = self._live.version.content.library.specs.values()
        rows = [
            {
                "name": spec.name,
                "purpose": " ".join((spec.props.__doc__ or "").split()),
                "slots": spec.slots,
                "states": state_names(spec),
            }
            for spec in specs
        ]
        return page(self._paper.draw("gallery", rows=rows, look=look, **choices(self._live)))

    async def component(self, request: Request) -> Response:
        """Show one state at four widths, its controls, and what the model is told."""
        await self._live.wait()
        look = read_view_options(request.scope["query_string"])
        drawing = draw(self._live, request.path_params["name"], look)
        if drawing is None:
            return page(self._paper.draw("missing"), 404)
        spec = drawing.spec
        told = describe(spec)
        return page(
            self._paper.draw(
                "component",
                spec=spec,
                look=look,
                states=state_names(spec),
                state=look.state or spec.samples[0].name,
                widths=WIDTHS,
                controls=controls(spec, drawing.shop, drawing.config),
                drawing=drawing,
                told=told,
                tokens=count_tokens(told),
                **choices(self._live),
            )
        )

    async def frame(self, request: Request) -> Response:
        """Show a state alone, as the shop would, without any script."""
        await self._live.wait()
        look = read_view_options(request.scope["query_string"])
        drawing = draw(self._live, request.path_params["name"], look)
        if drawing is None:
            return page(self._paper.draw("missing"), 404)
        html = self._paper.draw(
            "frame",
            look=look,
            styles=styles_for(self._live, look),
            drawing=drawing,
            examined="examined" in request.query_params,
        )
        return framed(html, image_hosts(drawing.shop))

    async def drawing(self, request: Request) -> Response:
        """Answer with a state's HTML and what there is to say about it."""
        await self._live.wait()
        look = read_view_options(request.scope["query_string"])
        drawing = draw(self._live, request.path_params["name"], look)
        if drawing is None:
            return answer({"error": "no such component"}, 404)
        return answer({**_told_of(drawing), "styles": styles_for(self._live, look)})

    async def told(self, request: Request) -> Response:
        """Answer with what the model is told about a component."""
        await self._live.wait()
        spec = self._live.version.content.library.specs.get(request.path_params["name"])
        if spec is None:
            return answer({"error": "no such component"}, 404)
        told = describe(spec)
        return answer({"told": told, "tokens": count_tokens(told)})

    async def styles(self, request: Request) -> Response:
        """Answer with the shop's styles as they are for this theme and this wish for motion."""
        await self._live.wait()
        look = read_view_options(request.scope["query_string"])
        css = self._live.version.content.assets.files["shop.css"].plain.decode()
        return text(as_if(css, look) + self._paper.file("frame.css"))


def styles_for(live: ContentReloader, look: ViewOptions) -> str:
    """Return the address of the shop's styles as they are for this look."""
    version = live.version.content.assets.names["shop.css"].split(".")[-2]
    query = ViewOptions(theme=look.theme, motion=look.motion).query()
    return f"/design/styles.css{query or '?'}&v={version}"


def choices(live: ContentReloader) -> Mapping[str, Any]:
    """Return what a look may be, with names for people."""
    shops = live.version.content.catalogs.shops.values()
    return {
        "choices": CHOICES,
        "catalogs": {name: label for name, (label, _) in CATALOGS.items()},
        "shops": {shop.id: shop.name for shop in shops},
    }


def as_if(css: str, look: ViewOptions) -> str:
    """Return styles whose media queries see this theme and this wish, whoever looks."""
    theme, motion = look.theme, "reduce" if look.motion == "reduced" else "no-preference"
    css = _SCHEME.sub(lambda found: _TRUE if found[1] == theme else _FALSE, css)
    return _MOTION.sub(lambda found: _TRUE if found[1] == motion else _FALSE, css)


def _told_of(drawing: RenderedState) -> dict[str, Any]:
    return {
        "html": drawing.html,
        "refusal": drawing.refusal,
        "details": drawing.details,
        "fault": drawing.fault.as_json() if drawing.fault else None,
        "config": dict(drawing.config),
    }
