"""The gallery's routes: every component in every state, its controls, and what is told of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalog.images import image_hosts
from app.content.assets import is_brand
from app.generation.prompt import count_tokens, describe
from app.rendering.language import formats_of
from app.workbench.gallery.controls import controls
from app.workbench.gallery.fixtures import CATALOGS
from app.workbench.gallery.states import (
    CHOICES,
    RenderedState,
    ViewOptions,
    draw,
    read_view_options,
    speech,
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

    def __init__(self, live: ContentReloader, templates: Templates) -> None:
        self._live = live
        self._templates = templates
        self.routes = [
            Route("/", self.gallery),
            Route("/components/{name}", self.component),
            Route("/frame/{name}", self.frame),
            Route("/drawing/{name}", self.rendered),
            Route("/descriptions/{name}", self.description),
            Route("/styles.css", self.styles),
        ]

    async def gallery(self, request: Request) -> Response:
        """Show every component with every sample."""
        options = read_view_options(request.scope["query_string"])
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
        return page(
            self._templates.draw("gallery", rows=rows, options=options, **choices(self._live))
        )

    async def component(self, request: Request) -> Response:
        """Show one state at four widths, its controls, and what the model is told."""
        options = read_view_options(request.scope["query_string"])
        rendered = draw(self._live, request.path_params["name"], options)
        if rendered is None:
            return page(self._templates.draw("missing"), 404)
        spec = rendered.spec
        description = describe(spec)
        return page(
            self._templates.draw(
                "component",
                spec=spec,
                options=options,
                states=state_names(spec),
                state=options.state or spec.samples[0].name,
                widths=WIDTHS,
                controls=controls(spec, rendered.shop, rendered.config),
                rendered=rendered,
                description=description,
                tokens=count_tokens(description),
                **choices(self._live),
            )
        )

    async def frame(self, request: Request) -> Response:
        """Show a state alone, as the shop would, without any script."""
        options = read_view_options(request.scope["query_string"])
        rendered = draw(self._live, request.path_params["name"], options)
        if rendered is None:
            return page(self._templates.draw("missing"), 404)
        html = self._templates.draw(
            "frame",
            options=options,
            styles=styles_for(self._live, options),
            speech=speech(self._live, rendered.shop, options),
            rendered=rendered,
            examined="examined" in request.query_params,
        )
        return framed(html, image_hosts(rendered.shop))

    async def rendered(self, request: Request) -> Response:
        """Answer with a state's HTML and what there is to say about it."""
        options = read_view_options(request.scope["query_string"])
        rendered = draw(self._live, request.path_params["name"], options)
        if rendered is None:
            return answer({"error": "no such component"}, 404)
        spoken = speech(self._live, rendered.shop, options)
        return answer({**_told_of(rendered), **spoken, "styles": styles_for(self._live, options)})

    async def description(self, request: Request) -> Response:
        """Answer with what the model is told about a component."""
        spec = self._live.version.content.library.specs.get(request.path_params["name"])
        if spec is None:
            return answer({"error": "no such component"}, 404)
        description = describe(spec)
        return answer({"description": description, "tokens": count_tokens(description)})

    async def styles(self, request: Request) -> Response:
        """Answer with the shop's styles as they are for this theme and this wish for motion."""
        options = read_view_options(request.scope["query_string"])
        files = self._live.version.content.assets.files
        sheets = [files["shop.css"], *(files[name] for name in files if is_brand(name))]
        css = "\n".join(sheet.plain.decode() for sheet in sheets)
        return text(as_if(css, options) + self._templates.file("frame.css"))


def styles_for(live: ContentReloader, options: ViewOptions) -> str:
    """Return the address of the shop's styles as they are for this look."""
    version = live.version.content.assets.names["shop.css"].split(".")[-2]
    query = ViewOptions(theme=options.theme, motion=options.motion).query()
    return f"/design/styles.css{query or '?'}&v={version}"


def choices(live: ContentReloader) -> Mapping[str, Any]:
    """Return what a look may be, with names for people."""
    shops = live.version.content.catalogs.shops.values()
    tags = live.version.content.languages.tags
    return {
        "choices": CHOICES,
        "languages": {"": "As the shop", **{tag: formats_of(tag).english for tag in tags}},
        "catalogs": {name: label for name, (label, _) in CATALOGS.items()},
        "shops": {shop.id: shop.name for shop in shops},
    }


def as_if(css: str, options: ViewOptions) -> str:
    """Return styles whose media queries see this theme and this wish, whoever looks."""
    theme, motion = options.theme, "reduce" if options.motion == "reduced" else "no-preference"
    css = _SCHEME.sub(lambda values: _TRUE if values[1] == theme else _FALSE, css)
    return _MOTION.sub(lambda values: _TRUE if values[1] == motion else _FALSE, css)


def _told_of(rendered: RenderedState) -> dict[str, Any]:
    return {
        "html": rendered.html,
        "refusal": rendered.refusal,
        "details": rendered.details,
        "fault": rendered.fault.as_json() if rendered.fault else None,
        "config": dict(rendered.config),
    }
