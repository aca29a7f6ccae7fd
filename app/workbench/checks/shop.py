"""Finds what is wrong in a shop's folder: catalog, components, prompts and styles, by line.

Ours stands in for a file that is wrong, so that one fault does not hide the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.catalog.merchandising import FILE_NAME, overlap
from app.catalog.problems import CatalogError
from app.content.experiments import read_experiments
from app.content.site import SiteContent, read_site
from app.content.styles import shape_faults
from app.domain.catalog import FeedIssue
from app.domain.page import ComponentSpec
from app.domain.persona import PERSONA_TYPES, Persona
from app.generation.copy import PropsContext
from app.generation.prompt import schema_of
from app.generation.rules import ANYBODY, House, compose, product_props
from app.rendering.language import USUAL
from app.settings import ROOT, Settings
from app.workbench.gallery.fixtures import fit_to_shop
from app.workbench.reload.build import BuildError, Version, build
from app.workbench.reload.errors import Fault, line_fault, unread_faults
from app.workbench.reload.files import Sources, read_sources
from app.workbench.reload.manager import group_of
from app.workbench.reload.verify import verify

_USED = re.compile(
    r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|var\(\s*(--[\w-]+)\s*\)", re.DOTALL
)
"""A variable as a style uses it without another value, or a comment or quote to be passed over."""

_SET = re.compile(r"(--[\w-]+)(?:\s*[:{]|[\"']\s*,)")
"""A variable as a style sets it, `@property` declares it, or a script passes it on."""

_HOUSE = re.compile(r"prompts/house\.(?:(.+)\.)?json")


def problems_of(settings: Settings) -> list[str]:
    """Return all that is wrong with a shop, a line each: file, line, reason."""
    theirs = settings._replace(root=ROOT)
    try:
        site = read_site(theirs)
        issues = site.catalogs.problems
    except CatalogError as error:
        site = read_site(theirs._replace(catalog=Settings().catalog, catalog_url=""))
        issues = {error.path.stem: error.problems}
    found = [_of_catalog(settings.catalog, shop, item) for shop in issues for item in issues[shop]]
    experiments = read_experiments(settings.root).problems
    found += [_of_catalog(settings.catalog, "", item) for item in experiments]
    sources = read_sources(settings.root)
    ours = read_sources(ROOT)
    faults = [*unread_faults(sources), *_unpaired(sources), *style_faults(sources, ours)]
    in_files = _file_faults(site, sources, ours)
    faults += [fault for fault in in_files if not fault.file.endswith(".css")]  # those are known
    return found + list(map(_of_file, sorted(faults, key=lambda fault: (fault.file, fault.line))))


def _of_catalog(path: Path, shop: str, issue: FeedIssue) -> str:
    file = issue.file or (f"{path.name}, shop {shop}" if path.is_dir() else path.name)
    product = f" ({issue.product})" if issue.product else ""
    return f"{issue.within(file)}: {issue.reason}{product}"


def _of_file(fault: Fault) -> str:
    where = f" ({fault.where})" if fault.where else ""
    return f"{fault.place}: {fault.message}{where}"


def _unpaired(sources: Sources) -> Iterator[Fault]:
    """Yield the samples of what is no component, since its template or its props are missing."""
    for name in sources.texts:
        stem = name.removesuffix(".samples.json")
        if stem != name:
            parts = (f"{stem}{ending}" for ending in (".jinja", ".py"))
            missing = [part for part in parts if part not in sources.texts]
            yield from (Fault(name, 0, f"{part} is missing") for part in missing)


def style_faults(sources: Sources, ours: Sources) -> Iterator[Fault]:
    """Yield brackets, comments and quotes that do not end, and variables that nothing sets.

    Of `ours`, a shop is served the static files that it does not have.
    """
    texts = {**ours.within("static"), **sources.within("static"), **sources.within("components")}
    names = {name for text in texts.values() for name in _SET.findall(text)}
    for file, text in sources.texts.items():
        if file.endswith(".css"):
            for fault in shape_faults(text):
                yield line_fault(file, fault.line, fault.reason, sources)
            for at, name in _unset(text, names):
                line = text.count("\n", 0, at) + 1
                yield line_fault(file, line, f"{name} is set nowhere", sources)


def _unset(text: str, names: AbstractSet[str]) -> Iterator[tuple[int, str]]:
    """Yield where a style uses a variable that is not one of these, and which."""
    for used in _USED.finditer(text):
        if used[1] and used[1] not in names:
            yield used.start(), used[1]


def _file_faults(site: SiteContent, sources: Sources, ours: Sources) -> list[Fault]:
    """Build everything from the files and draw it."""
    version = Version(0, Sources(sources.root, ours.texts), site)
    faults: list[Fault] = []
    while True:
        try:
            version = build(version, sources)
            verify(version, version.content.library.specs, every_state=True)
        except BuildError as error:
            fault = error.fault
        else:
            return [*faults, *_house_faults(version), *_pin_faults(version)]
        if fault.file in {earlier.file for earlier in faults}:
            return faults
        faults.append(fault)
        group = group_of(fault.file, sources.differing(ours), sources)
        if not group:
            return faults
        sources = sources.taking(group, ours)


def _house_faults(version: Version) -> Iterator[Fault]:
    """Yield what the house model could not say beside just any product, in each language."""
    prompts, specs = version.content.prompts, version.content.library.specs
    sold, context_of = version.content.catalogs.default, PropsContext(prompts.words)
    samples = {
        name: fit_to_shop(spec, spec.samples[0].config, sold) for name, spec in specs.items()
    }
    for file, text in version.sources.texts.items():
        found = _HOUSE.fullmatch(file)
        if found is None:
            continue
        shop = sold._replace(locale=found[1] or USUAL)
        house = prompts.house_in(shop.locale)
        choosing = House(version.content.library.plan, prompts.house_in)
        context = context_of(shop)
        for persona in (None, *PERSONA_TYPES):
            copy_set = persona or ANYBODY
            try:
                if persona:
                    compose(shop, Persona(persona), choosing, shop.id)
                for name in house[copy_set].keys() & specs.keys():
                    lines = house[copy_set][name]
                    refused = _refused(specs[name], lines, samples[name], context)
                    for line, prop, message in refused:
                        at, where = _line_of(text, line[prop]), f"{copy_set}, {name}"
                        yield line_fault(file, at, f"{prop}: {message}", version.sources, where)
            except (LookupError, TypeError, AttributeError, ZeroDivisionError) as error:
                yield Fault(file, 0, f"{copy_set} is not whole: {error!r}")


def _pin_faults(version: Version) -> Iterator[Fault]:
    """Yield the pins to slots that cannot show them."""
    shown: dict[str, list[Any]] = {}
    for spec in version.content.library.specs.values():
        properties = schema_of(spec.props)["properties"]
        for slot in spec.slots:
            shown.setdefault(slot, []).extend(
                properties[prop] for prop in product_props(spec.props)
            )
    for shop in version.content.catalogs.shops.values():
        pins = [rule for rule in shop.rules if rule.slot]
        for rule in pins:
            if not shown.get(rule.slot):
                message = f"there is nothing in a slot {rule.slot!r} that shows products"
                yield Fault(FILE_NAME, rule.line, message, shop.id)
        for first, second in combinations(pins, 2):
            one = all("items" not in schema for schema in shown.get(second.slot, ()))
            equal = (first.slot, first.priority) == (second.slot, second.priority)
            if one and equal and overlap(first, second):
                message = f"{second.slot} shows one product, and that of line {first.line} holds"
                yield Fault(FILE_NAME, second.line, message, shop.id)


def _refused(
    spec: ComponentSpec,
    lines: Iterable[Mapping[str, str]],
    sample: Mapping[str, object],
    context: Mapping[str, Any],
) -> Iterator[tuple[Mapping[str, str], str, str]]:
    """Yield the lines of copy that a component refuses, each with the prop and the reason.

    The house's copy may stand beside any product, so that no product's text speaks for it.
    """
    nothing_named = {**context, "copy": lambda text, _: context["copy"](text, ())}
    for line in lines:
        try:
            spec.props.model_validate({**sample, **line}, context=nothing_named)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            own = [fault for fault in faults if fault["loc"] and fault["loc"][0] in line]
            yield from ((line, str(fault["loc"][0]), fault["msg"]) for fault in own[:1])


def _line_of(text: str, value: str) -> int:
    """Return the line of a JSON file that has a text in it, 0 where none has it whole."""
    lines = enumerate(text.splitlines(), start=1)
    return next((number for number, line in lines if json.dumps(value)[1:-1] in line), 0)
