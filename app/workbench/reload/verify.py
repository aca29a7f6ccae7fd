"""Draws samples, fallbacks and pages that a save touched, before the shop uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any

from pydantic import ValidationError

from app.content.components import LibraryError
from app.domain.catalog import Shop
from app.domain.page import ComponentSpec, Sample
from app.pages.shells import draw_fallbacks
from app.pages.site import build_renderer
from app.rendering.renderer import Renderer
from app.workbench.gallery.fixtures import fit_to_shop, sold_out
from app.workbench.gallery.pages import PAGES, Scene, template_of
from app.workbench.reload.build import BuildError, Version, blaming
from app.workbench.reload.errors import Fault, line_fault, line_in_sample, named_fault
from app.workbench.reload.files import Sources
from app.workbench.reload.runaway import drawn

See = Callable[[str, str, Shop], object]
"""Takes a template, the HTML that was drawn of it, and the shop it was drawn for."""


def verify(
    version: Version,
    components: Iterable[str],
    *,
    every_state: bool = False,
    see: See = lambda *_: None,
) -> Renderer:
    """Draw the samples of these components and every kind of page; return who drew them.

    With every state, what is sold out and each look of a page as well, which takes longer than a
    save may. `see` is given what is drawn.

    Raises:
        BuildError: one cannot be drawn, or a sample is not what its props ask for.
    """
    renderer = build_renderer(version.content)
    shop, sources = version.content.catalogs.default, version.sources
    for name in components:
        spec = version.content.library.specs[name]
        for sample in spec.samples:
            see(
                f"components/{name}.jinja",
                _prove_sample(spec, sample, shop, renderer, sources),
                shop,
            )
        if every_state:
            _prove_sample(spec, spec.samples[0], sold_out(shop), renderer, sources)
    for opened in version.content.catalogs.shops.values():
        _prove_pages(version, opened, renderer, see, every_state=every_state)
    return renderer


def _prove_sample(
    spec: ComponentSpec, sample: Sample, shop: Shop, renderer: Renderer, sources: Sources
) -> str:
    config = fit_to_shop(spec, sample.config, shop)
    context = {"products": shop.products, "categories": shop.categories()}
    replaced = {(name,) for name, value in config.items() if value != sample.config.get(name)}
    where = f"{spec.name}, sample {sample.name}"

    def draw() -> str:
        try:
            props = spec.props.model_validate(dict(config), context=context)
        except ValidationError as error:
            # A value that replaced goods which this shop does not sell is no fault of the sample.
            if any(fault["loc"][:1] not in replaced for fault in error.errors()):
                raise
            props = spec.props.model_construct(None, **config)
        return renderer.draw(spec.name, spec.slots[0], props, shop)

    with blaming(sources, f"components/{spec.name}.jinja", where):
        try:
            return drawn(draw)
        except ValidationError as error:
            raise BuildError(_misfit(spec.name, sample, error, sources)) from error


def _misfit(name: str, sample: Sample, error: ValidationError, sources: Sources) -> Fault:
    """Say which prop does not fit the sample, at its line in the sample's file."""
    file = f"components/{name}.samples.json"
    fault: Any = error.errors(include_url=False)[0]
    prop = str(fault["loc"][0]) if fault["loc"] else ""
    line = line_in_sample(sources.texts.get(file, ""), sample.name, prop)
    message = f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return line_fault(file, line, message, sources, f"{name}, sample {sample.name}")


def _prove_pages(
    version: Version, shop: Shop, renderer: Renderer, see: See, *, every_state: bool
) -> None:
    content, sources = version.content, version.sources
    with blaming(sources, "prompts/house.json", "the shop's pages"):
        try:
            fallbacks = draw_fallbacks(shop, content, renderer)
        except LibraryError as error:
            raise BuildError(named_fault(error, sources)) from error
    for name, states in PAGES.items():
        scene = Scene(content, renderer, shop, fallbacks)
        with blaming(sources, template_of(name), "the shop's pages"):
            for draw in islice(states.values(), None if every_state else 1):
                see(template_of(name), drawn(partial(draw, scene)), shop)
