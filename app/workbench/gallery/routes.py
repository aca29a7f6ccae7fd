"""The gallery's routes: every component and page in every state, and what is told of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalog.images import image_hosts
from app.content.assets import is_brand
from app.domain.page import ComponentSpec
from app.generation.prompt import count_tokens, describe
from app.rendering.language import formats_of
from app.workbench.gallery.controls import controls
from app.workbench.gallery.fixtures import CATALOGS
from app.workbench.gallery.pages import PAGES, PURPOSES
from app.workbench.gallery.states import (
    CHOICES,
    Rendered,
    ViewOptions,
    draw,
    read_view_options,
    speech,
    state_names,
    with_options,
)
from app.workbench.reload.manager import ContentReloader
from app.workbench.responses import answer, framed, page, text
from app.workbench.templates import Templates

_WIDTHS = (360, 768, 1024, 1440)
_AXE = '<script src="/design/axe.js" defer></script>\n'
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)")
_MOTION = re.compile(r"\(\s*prefers-reduced-motion\s*:\s*(reduce|no-preference)\s*\)")
_TRUE, _FALSE = "(min-width: 0)", "(max-width: 0)"


class GalleryRoutes:
    """Answers with components and whole pages as the shop draws them, each in a thread."""

    def __init__(self, live: ContentReloader, templates: Templates) -> None:
        self._live = live
        self._templates = templates
        self.routes = [
            Route("/", self.gallery),
            Route("/pages", self.pages),
            Route("/components/{name}", self.component),
            Route("/pages/{name}", self.page),
            Route("/frame/{name}", self.frame),
            Route("/drawing/{name}", self.drawing),
            Route("/descriptions/{name}", self.description),
            Route("/styles.css", self.styles),
        ]

    def gallery(self, request: Request) -> Response:
        """Show every component with every sample."""
        rows = [
            {
                "name": spec.name,
                "purpose": _purpose(spec),
                "slots": spec.slots,
                "states": state_names(spec),
            }
            for spec in self._live.version.content.library.specs.values()
        ]
        return self._show("gallery", _options(request), rows=rows)

    def pages(self, request: Request) -> Response:
        """Show every page in every state."""
        rows = [
            {"name": name, "purpose": PURPOSES[name], "slots": (), "states": list(states)}
            for name, states in PAGES.items()
        ]
        return self._show("pages", _options(request), rows=rows)

    def component(self, request: Request) -> Response:
        """Show one state at four widths, its controls, and what the model is told."""
        options = _options(request)
        rendered = draw(self._live, request.path_params["name"], options)
        if rendered is None or rendered.spec is None:
            return self._missing()
        spec = rendered.spec
        return self._show(
            "component",
            options,
            name=spec.name,
            purpose=_purpose(spec),
            states=state_names(spec),
            state=options.state or spec.samples[0].name,
            controls=controls(spec, rendered.shop, rendered.config),
            refusal=rendered.refusal,
            **_description(spec),
        )

    def page(self, request: Request) -> Response:
        """Show one page in one state at four widths."""
        options, name = _options(request), request.path_params["name"]
        if name not in PAGES:
            return self._missing()
        states = list(PAGES[name])
        state = options.state if options.state in states else states[0]
        return self._show(
            "page", options, name=name, purpose=PURPOSES[name], states=states, state=state
        )

    def frame(self, request: Request) -> Response:
        """Show a state alone, as the shop would, without anything that acts."""
        options, name = _options(request), request.path_params["name"]
        head = _AXE if "examined" in request.query_params else ""
        rendered = draw(self._live, name, options)
        if rendered is None:
            return self._missing()
        if rendered.spec is None:
            return framed(self._whole(name, rendered, options, head), image_hosts(rendered.shop))
        html = self._templates.draw(
            "frame",
            options=options,
            styles=_styles_for(self._live, options),
            speech=speech(self._live, rendered.shop, options),
            rendered=rendered,
            head=head,
        )
        return framed(html, image_hosts(rendered.shop))

    def drawing(self, request: Request) -> Response:
        """Answer with a state's HTML and what there is to say about it."""
        options, name = _options(request), request.path_params["name"]
        rendered = draw(self._live, name, options)
        if rendered is None:
            return answer({"error": "no such component"}, 404)
        about: dict[str, Any] = {
            **speech(self._live, rendered.shop, options),
            "styles": _styles_for(self._live, options),
            "fault": rendered.fault.as_json() if rendered.fault else None,
        }
        if rendered.spec is None:
            html = self._whole(name, rendered, options)
            return answer({**about, "whole": True, "html": html})
        fields = ("html", "refusal", "details", "config")
        return answer({**about, **{name: getattr(rendered, name) for name in fields}})

    def description(self, request: Request) -> Response:
        """Answer with what the model is told about a component."""
        spec = self._live.version.content.library.specs.get(request.path_params["name"])
        if spec is None:
            return answer({"error": "no such component"}, 404)
        return answer(_description(spec))

    def styles(self, request: Request) -> Response:
        """Answer with the shop's styles as they are for this theme and this wish for motion."""
        files = self._live.version.content.assets.files
        sheets = [files["shop.css"], *(files[name] for name in files if is_brand(name))]
        css = "\n".join(sheet.plain.decode() for sheet in sheets)
        return text(_as_if(css, _options(request)) + self._templates.file("frame.css"))

    def _show(self, template: str, options: ViewOptions, **context: Any) -> Response:
        looks = _choices(self._live)
        return page(
            self._templates.draw(template, options=options, widths=_WIDTHS, **looks, **context)
        )

    def _missing(self) -> Response:
        return page(self._templates.draw("missing"), 404)

    def _whole(self, name: str, rendered: Rendered, options: ViewOptions, head: str = "") -> str:
        stylesheet = self._live.version.content.assets.names["shop.css"]
        html = rendered.html or self._templates.draw("error", name=name, sheet=stylesheet)
        return with_options(html, options, stylesheet, _styles_for(self._live, options), head)


def _options(request: Request) -> ViewOptions:
    return read_view_options(request.scope["query_string"])


def _purpose(spec: ComponentSpec) -> str:
    return " ".join((spec.props.__doc__ or "").split())


def _description(spec: ComponentSpec) -> dict[str, Any]:
    description = describe(spec)
    return {"description": description, "tokens": count_tokens(description)}


def _styles_for(live: ContentReloader, options: ViewOptions) -> str:
    """Return the address of the shop's styles as they are for this look."""
    version = live.version.content.assets.names["shop.css"].split(".")[-2]
    query = ViewOptions(theme=options.theme, motion=options.motion).query()
    return f"/design/styles.css{query or '?'}&v={version}"


def _choices(live: ContentReloader) -> Mapping[str, Any]:
    """Return what a look may be, with names for people."""
    shops = live.version.content.catalogs.shops.values()
    tags = live.version.content.languages.tags
    return {
        "choices": CHOICES,
        "languages": {"": "As the shop", **{tag: formats_of(tag).english for tag in tags}},
        "catalogs": {name: label for name, (label, _) in CATALOGS.items()},
        "shops": {shop.id: shop.name for shop in shops},
    }


def _as_if(css: str, options: ViewOptions) -> str:
    """Return styles whose media queries see this theme and this wish, whoever looks."""
    theme, motion = options.theme, "reduce" if options.motion == "reduced" else "no-preference"
    css = _SCHEME.sub(lambda values: _TRUE if values[1] == theme else _FALSE, css)
    return _MOTION.sub(lambda values: _TRUE if values[1] == motion else _FALSE, css)
