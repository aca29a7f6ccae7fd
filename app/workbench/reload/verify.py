"""Draws what a save touched, before the shop may see it: samples, fallbacks and pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from app.catalog.listing import filter_products, read_request
from app.content.components import ComponentSpec, LibraryError, Sample
from app.domain.catalog import Shop
from app.pages.shells import draw_fallbacks
from app.pages.site import build_renderer
from app.rendering.renderer import Renderer
from app.workbench.gallery.fixtures import fit_to_shop
from app.workbench.reload.build import BuildError, Version
from app.workbench.reload.errors import Fault, fault_of, line_fault, line_in_sample
from app.workbench.reload.files import Sources

if TYPE_CHECKING:
    from pydantic import ValidationError

_NOTHING = ("Nothing", "Nothing here.")


def verify(version: Version, components: Iterable[str]) -> Renderer:
    """Draw the samples of these components and every kind of page; return who drew them.

    Raises:
        BuildError: one cannot be drawn, or a sample is not what its props ask for.
    """
    renderer = build_renderer(version.content)
    shop = version.content.catalogs.default
    for name in components:
        spec = version.content.library.specs[name]
        for sample in spec.samples:
            _prove_sample(spec, sample, shop, renderer, version.sources)
    for opened in version.content.catalogs.shops.values():
        _prove_pages(version, opened, renderer)
    return renderer


def _prove_sample(
    spec: ComponentSpec, sample: Sample, shop: Shop, renderer: Renderer, sources: Sources
) -> None:
    config = fit_to_shop(spec, sample.config, shop)
    context = {"products": shop.products, "categories": shop.categories()}
    try:
        props = spec.props.model_validate(dict(config), context=context)
    except ValueError as error:
        raise BuildError(
            _misfit(spec.name, sample, cast("ValidationError", error), sources)
        ) from error
    where = f"{spec.name}, sample {sample.name}"
    try:
        renderer.draw(spec.name, spec.slots[0], props, shop)
    except Exception as error:
        raise BuildError(
            fault_of(error, sources, f"components/{spec.name}.jinja", where)
        ) from error


def _misfit(name: str, sample: Sample, error: ValidationError, sources: Sources) -> Fault:
    """Say which prop does not fit the sample, at its line in the sample's file."""
    file = f"components/{name}.samples.json"
    fault: Any = error.errors(include_url=False)[0]
    prop = str(fault["loc"][0]) if fault["loc"] else ""
    line = line_in_sample(sources.texts.get(file, ""), sample.name, prop)
    message = f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return line_fault(file, line, message, sources, f"{name}, sample {sample.name}")


def _prove_pages(version: Version, shop: Shop, renderer: Renderer) -> None:
    first = next(iter(shop.products.values()))
    try:
        fillings = draw_fallbacks(shop, version.content, renderer)
        renderer.store_page(shop, "newcomer", fillings, "/stream")
        query = read_request(b"sort=name")
        if query is not None:
            renderer.listing_page(shop, filter_products(shop, query))
        renderer.product_page(shop, first, [first])
        renderer.message_page(shop, *_NOTHING)
    except LibraryError as error:
        path, _, reason = str(error).removeprefix(f"{version.sources.root}/").partition(": ")
        raise BuildError(line_fault(path, 0, reason, version.sources)) from error
    except Exception as error:
        raise BuildError(
            fault_of(error, version.sources, "prompts/house.json", "the shop's pages")
        ) from error
