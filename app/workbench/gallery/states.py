"""States: a component with a config, or a page, in a catalog, drawn by the shop's renderer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from pydantic import ValidationError

from app.catalog.merchandising import rules_at, steer
from app.domain.catalog import Shop
from app.domain.page import Component, ComponentSpec, Proposal, Refusal
from app.domain.persona import PERSONA_TYPES
from app.generation.validate import validate
from app.pages.shells import draw_fallbacks
from app.workbench.gallery.fixtures import CATALOGS, boundary_config, fit_to_shop, sold_out
from app.workbench.gallery.pages import PAGES, Scene, template_of
from app.workbench.reload.errors import Fault, fault_of
from app.workbench.reload.manager import ContentReloader
from app.workbench.reload.runaway import drawn

SHORTEST, LONGEST, SOLD_OUT = "shortest-allowed", "longest-allowed", "sold-out"
CHOICES: Mapping[str, tuple[str, ...]] = {
    "theme": ("light", "dark"),
    "dir": ("auto", "ltr", "rtl"),
    "text": ("100", "200"),
    "motion": ("full", "reduced"),
    "catalog": tuple(CATALOGS),
    "persona": tuple(PERSONA_TYPES),
}
"""What a look may be; the first of each is meant where an address does not say."""

_SCRIPTS = re.compile(r"<(script|noscript)\b.*?</\1>\s*", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"<html\b", re.IGNORECASE)
_DIRECTION = re.compile(r"""(<html\b[^>]*?) dir="\w*\"""", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_LONGEST_PROPS = 16_384
_MOST_FIELDS = 16


class ViewOptions(NamedTuple):
    """How a state is looked at, as its address says; `props` stands in for the state's config.

    Without a `language` it is the shop's, and text runs as it does in that language. `at` is the
    moment in UTC whose merchandising rules hold, as `2026-12-01T00:00`, now where it is empty.
    """

    state: str = ""
    theme: str = "light"
    dir: str = "auto"
    language: str = ""
    text: str = "100"
    motion: str = "full"
    catalog: str = "as-it-is"
    persona: str = "newcomer"
    shop: str = ""
    props: str = ""
    at: str = ""

    @property
    def moment(self) -> float:
        """The moment in Unix seconds."""
        return datetime.fromisoformat(f"{self.at}Z").timestamp() if self.at else time.time()

    def query(self, **changes: str) -> str:
        """Return the part of an address that says so, without what goes without saying."""
        changed = self._replace(**changes)
        usual = ViewOptions()
        values = {k: v for k, v in changed._asdict().items() if v != getattr(usual, k)}
        return f"?{urlencode(values)}" if values else ""


def read_view_options(query: bytes) -> ViewOptions:
    """Return what an address asks for; what makes no sense is passed over."""
    try:
        pairs = dict(parse_qsl(query.decode("ascii"), max_num_fields=_MOST_FIELDS))
    except ValueError:
        return ViewOptions()
    values = {
        name: value
        for name, value in pairs.items()
        if name in ViewOptions._fields and value in CHOICES.get(name, (value,))
    }
    if len(values.get("props", "")) > _LONGEST_PROPS:
        del values["props"]
    if not _LANGUAGE.fullmatch(values.get("language", "en")):
        del values["language"]
    if not _MOMENT.fullmatch(values.get("at", "")) or not _is_moment(values["at"]):
        values.pop("at", None)
    return ViewOptions(**values)


def _is_moment(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(f"{text}Z"))
    except ValueError:
        return False


class Rendered(NamedTuple):
    """A component or a page in a state, drawn: its HTML, or the fault the template ended with.

    A component has its `spec` and `config`; `refusal` says why a model could not propose it.
    """

    shop: Shop
    spec: ComponentSpec | None = None
    config: Mapping[str, object] = {}
    html: str = ""
    refusal: str = ""
    details: Sequence[tuple[str, str]] = ()
    fault: Fault | None = None


def state_names(spec: ComponentSpec) -> list[str]:
    """Return the names of a component's states: its samples, its limits, and nothing in stock."""
    names = [sample.name for sample in spec.samples] + [SHORTEST, LONGEST, SOLD_OUT]
    return list(dict.fromkeys(names))


def shop_of(live: ContentReloader, options: ViewOptions) -> Shop:
    """Return the shop a look is for, its catalog and language changed as the look wants it."""
    catalogs = live.version.content.catalogs
    shop = CATALOGS[options.catalog][1](catalogs.shops.get(options.shop, catalogs.default))
    return shop._replace(locale=options.language or shop.locale)


def speech(live: ContentReloader, shop: Shop, options: ViewOptions) -> dict[str, str]:
    """Return the language and direction of what is looked at, as attributes of its root."""
    language = live.renderer.language(shop)
    direction = language.direction if options.dir == "auto" else options.dir
    return {"lang": language.tag, "dir": direction}


def config_of(spec: ComponentSpec, options: ViewOptions, shop: Shop) -> dict[str, object]:
    """Return the config a look shows."""
    if options.props:
        return _given(options.props)
    if options.state in (SHORTEST, LONGEST):
        return boundary_config(spec, shop, longest=options.state == LONGEST)
    samples = {sample.name: sample.config for sample in spec.samples}
    return fit_to_shop(spec, samples.get(options.state, spec.samples[0].config), shop)


def draw(live: ContentReloader, name: str, options: ViewOptions) -> Rendered | None:
    """Draw a component or one of PAGES in a state; None where there is none of this name."""
    if name in PAGES:
        return _draw_page(live, name, options)
    spec = live.version.content.library.specs.get(name)
    return None if spec is None else _draw_component(live, spec, options)


def _draw_component(live: ContentReloader, spec: ComponentSpec, options: ViewOptions) -> Rendered:
    """Draw what is admitted; what is not, as fallbacks are drawn, whose limits nobody checks."""
    name, slot, shop = spec.name, spec.slots[0], shop_of(live, options)
    if options.state == SOLD_OUT:
        shop = sold_out(shop)
    config = config_of(spec, options, shop)
    rendered = Rendered(shop, spec, config)
    specs, context = live.version.content.library.specs, live.renderer.props_context(shop)
    verdict = validate(Proposal(name, slot, config), specs, context, set())
    if isinstance(verdict, Refusal):
        refused = f"{verdict.code} {verdict.where}".strip()
        rendered = rendered._replace(refusal=refused, details=_details(spec, config, context))

    def html() -> str:
        if isinstance(verdict, Component):
            html = live.renderer.try_component(verdict, shop)
            return html if isinstance(html, str) else ""
        return live.renderer.fallbacks(shop, [Component(name, slot, config)])[slot].html

    return _drawn(live, rendered, html, f"components/{name}.jinja", name)


def _draw_page(live: ContentReloader, name: str, options: ViewOptions) -> Rendered:
    """Draw a page in a state, the first where the look names none."""
    states = PAGES[name]
    shop = shop_of(live, options)
    shop = steer(shop, rules_at(shop, options.persona, options.moment))
    draw = states.get(options.state) or next(iter(states.values()))
    content, renderer = live.version.content, live.renderer

    def page() -> str:
        fallbacks = draw_fallbacks(shop, content, renderer)
        return draw(Scene(content, renderer, shop, fallbacks, options.persona))

    return _drawn(live, Rendered(shop), page, template_of(name), name)


def _drawn(
    live: ContentReloader, rendered: Rendered, html: Callable[[], str], file: str, name: str
) -> Rendered:
    try:
        return rendered._replace(html=drawn(html))
    except Exception as error:  # noqa: BLE001 - a template may raise anything
        return rendered._replace(fault=fault_of(error, live.version.sources, file, name))


def _details(
    spec: ComponentSpec, config: Mapping[str, object], context: Mapping[str, object]
) -> tuple[tuple[str, str], ...]:
    """Return each prop that does not fit, and why, in pydantic's words."""
    try:
        spec.props.model_validate(dict(config), context=dict(context))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        return tuple((".".join(map(str, item["loc"])), str(item["msg"])) for item in faults)
    return ()


def _given(props: str) -> dict[str, Any]:
    try:
        config = json.loads(props)
    except (ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


def with_options(
    html: str, options: ViewOptions, stylesheet: str, styles: str, head: str = ""
) -> str:
    """Return a page as it is looked at: with other styles, and nothing that acts or reloads.

    `stylesheet` is the address of the shop's style sheet, `styles` of the one instead of it; `head`
    is put into the head.
    """
    direction = "" if options.dir == "auto" else f'dir="{options.dir}" '
    attributes = f'{direction}data-design-theme="{options.theme}" data-design-text="{options.text}"'
    html = _SCRIPTS.sub("", html)
    if direction:
        html = _DIRECTION.sub(r"\1", html, count=1)
    html = _ROOT.sub(f'<html {attributes} data-design-motion="{options.motion}"', html, count=1)
    html = html.replace(f'href="{stylesheet}"', f'href="{escape(styles)}" data-styles', 1)
    return html.replace("</head>", f"{head}</head>", 1)
