"""Finds what is wrong in a shop's folder: catalog, components, prompts and styles, by line.

Ours stands in for a file that is wrong, so that one fault does not hide the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from functools import partial
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.catalog.images import image_hosts
from app.catalog.merchandising import FILE_NAME, overlap
from app.catalog.problems import WHOLE_FILE, CatalogError
from app.content.assets import MEDIA_TYPES
from app.content.experiments import read_experiments
from app.content.prompts import HouseCopy, Prompts
from app.content.site import MESSAGES, SiteContent, read_site
from app.content.styles import shape_faults
from app.domain.catalog import FeedIssue, Shop
from app.domain.page import ComponentSpec
from app.domain.persona import PERSONA_TYPES, Persona
from app.generation.copy import PropsContext
from app.generation.prompt import schema_of
from app.generation.rules import ANYBODY, House, compose, product_props
from app.rendering.language import USUAL, formats_of, likely
from app.settings import ROOT, Settings
from app.workbench.checks.markup import invalid_markup, silent_faults
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

_UNDRAWN = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
"""Comments of a template."""

_NAMED = re.compile(
    r"/\*.*?\*/|@namespace[^;]*;|(?P<imported>@import\b[^;]*;)"
    r"|url\(\s*(?P<quote>[\"']?)(?P<address>.*?)(?P=quote)\s*\)"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL | re.IGNORECASE,
)
"""What a style has from elsewhere, or a comment or quote to be passed over."""

_SERVED = re.compile(r"[a-z0-9-]+\.[a-z0-9]+")
"""A file of static/ as addresses name it."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*")
"""No language has a longer tag (RFC 5646)."""

_SAID = re.compile(r"""\b(?:_|n?gettext)\(\s*(["'])([^"'\\]+)\1""")
"""What a template says, in the language of a shop."""

_MESSAGE = re.compile(r'^msgid "(.+)"$', re.MULTILINE)

_HOUSE = re.compile(r"(?!components/|static/).*/house\.(?:([^/]+)\.)?json")


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
    for shop_id, shop in site.catalogs.shops.items():
        if likely(shop.locale)[-1] != USUAL and formats_of(shop.locale) == formats_of(USUAL):
            reason = (
                f"locale {shop.locale!r} is of no language that is known: its pages speak English"
            )
            found.append(_of_catalog(settings.catalog, shop_id, FeedIssue(WHOLE_FILE, reason)))
    experiments = read_experiments(settings.root)
    found += [_of_catalog(settings.catalog, "", item) for item in experiments.problems]
    sources = read_sources(settings.root)
    ours = read_sources(ROOT)
    hosts = [host for shop in site.catalogs.shops.values() for host in image_hosts(shop)]
    styles = style_faults(sources, ours, hosts)
    spoken = {shop.locale.partition("-")[0] for shop in site.catalogs.shops.values()}
    words = [*_unsaid(sources, ours), *_untranslated(sources, ours, spoken)]
    names = [*_unpaired(sources), *_unserved(sources), *words]
    faults = [*unread_faults(sources), *names, *styles]
    in_files = _file_faults(site, sources, ours, arms=experiments.prompts)
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


def _unserved(sources: Sources) -> Iterator[Fault]:
    """Yield the files of static/ and locale/ that nobody gets, for what they are called."""
    for name in sources.within("static"):
        if Path(name).suffix in MEDIA_TYPES and not _SERVED.fullmatch(name):
            reason = (
                "is not served: its name must be small letters, digits and hyphens, in no folder"
            )
            yield Fault(f"static/{name}", 0, reason)
    for name in sources.within("locale"):
        tag, _, file = name.partition("/")
        if name.endswith(".po") and (file != MESSAGES or not _LANGUAGE.fullmatch(tag)):
            yield Fault(f"locale/{name}", 0, f"is not read: TAG/{MESSAGES} is, as nl/{MESSAGES}")


def _unsaid(sources: Sources, ours: Sources) -> Iterator[Fault]:
    """Yield the messages of translations that no page says, but nearly."""
    said = {id_ for text in ours.within("locale").values() for id_ in _MESSAGE.findall(text)}
    templates = "".join(sources.within("components").values())
    for name, text in sources.within("locale").items():
        for found in _MESSAGE.finditer(text) if name.endswith(MESSAGES) else ():
            for like in () if found[1] in said else get_close_matches(found[1], said, 1, 0.85):
                if found[1] not in templates:
                    line = text.count("\n", 0, found.start()) + 1
                    reason = f"no page says {found[1]!r}: is {like!r} meant?"
                    yield line_fault(f"locale/{name}", line, reason, sources)


def _untranslated(sources: Sources, ours: Sources, spoken: Iterable[str]) -> Iterator[Fault]:
    """Yield what templates say and languages have no entry for, of those that have any at all."""
    for tag in spoken:
        file = f"locale/{tag}/{MESSAGES}"
        entries = "\n".join(each.texts.get(file, "") for each in (ours, sources))
        known = set(_MESSAGE.findall(entries.replace('"\n"', "")))  # a long one goes on
        for name, text in sources.texts.items() if known else ():
            for found in _SAID.finditer(_drawn(text)) if name.endswith(".jinja") else ():
                if found[2] not in known:
                    line = text.count("\n", 0, found.start()) + 1
                    reason = f"{found[2]!r} has no entry in {file}"
                    yield line_fault(name, line, reason, sources)


def _drawn(template: str) -> str:
    """Return a template without its comments, whose signs are blanks."""
    return _UNDRAWN.sub(lambda part: re.sub(r"[^\n]", " ", part[0]), template)


def style_faults(sources: Sources, ours: Sources, hosts: Iterable[str] = ()) -> Iterator[Fault]:
    """Yield brackets, comments and quotes that do not end, and what is set, or found, nowhere.

    Of `ours`, a shop is served the static files that it does not have. Pictures may be loaded from
    these hosts.
    """
    files = {**ours.within("static"), **sources.within("static")}.keys()
    texts = {**ours.within("static"), **sources.within("static"), **sources.within("components")}
    names = {name for text in texts.values() for name in _SET.findall(text)}
    for file, text in sources.texts.items():
        if file.endswith(".css"):
            for fault in shape_faults(text):
                yield line_fault(file, fault.line, fault.reason, sources)
            for at, name in _unset(text, names):
                line = text.count("\n", 0, at) + 1
                yield line_fault(file, line, f"{name} is set nowhere", sources)
            for at, reason in _unloaded(text, files, tuple(f"{host}/" for host in hosts)):
                yield line_fault(file, text.count("\n", 0, at) + 1, reason, sources)


def _unloaded(
    text: str, files: AbstractSet[str], origins: tuple[str, ...]
) -> Iterator[tuple[int, str]]:
    """Yield where a style names what browsers do not load, and why."""
    for found in _NAMED.finditer(text):
        address = (found["address"] or "").strip()
        if found["imported"]:
            yield found.start(), "@import is not followed: copy here what it names"
        elif not address or address.startswith(("#", *origins)):
            continue
        elif ":" in address or "//" in address:
            where = address.partition("//")[2].partition("/")[0] or "data: addresses"
            yield found.start(), f"nothing is loaded from {where}: put the file into static/"
        elif not _SERVED.fullmatch(address) or address not in files or address.endswith(".css"):
            yield found.start(), f"{address} is not found: name a file of static/, as logo.svg"


def _unset(text: str, names: AbstractSet[str]) -> Iterator[tuple[int, str]]:
    """Yield where a style uses a variable that is not one of these, and which."""
    for used in _USED.finditer(text):
        if used[1] and used[1] not in names:
            yield used.start(), used[1]


def _file_faults(
    site: SiteContent, sources: Sources, ours: Sources, *, arms: Mapping[str, Prompts]
) -> list[Fault]:
    """Build everything from the files and draw it. `arms` are prompts of experiments by folder."""
    version = Version(0, Sources(sources.root, ours.texts), site)
    faults: list[Fault] = []
    while True:
        try:
            version = build(version, sources)
            silent: dict[Fault, None] = {}
            see = partial(_see, silent, version)
            verify(version, version.content.library.specs, every_state=True, see=see)
        except BuildError as error:
            fault = error.fault
        else:
            drafts = (_with_prompts(version, folder, arms[folder]) for folder in arms)
            copy = (fault for each in (version, *drafts) for fault in _house_faults(each))
            return [*faults, *silent, *dict.fromkeys(copy), *_pin_faults(version)]
        if fault.file in {earlier.file for earlier in faults}:
            return faults
        faults.append(fault)
        group = group_of(fault.file, sources.differing(ours), sources)
        if not group:
            return faults
        sources = sources.taking(group, ours)


def _see(found: dict[Fault, None], version: Version, file: str, html: str, shop: Shop) -> None:
    """Note what a browser would pass over in what was drawn, at each line that writes it.

    Where its parser is installed, invalid HTML of components is noted as well.
    """
    sources = version.sources
    if not file.startswith("components/pages/") and find_spec("html5lib"):
        found |= dict.fromkeys(
            Fault(file, 0, f"of what it draws, {it}") for it in invalid_markup(html)
        )
    known = (name for name in sources.texts if name.endswith(".jinja"))
    templates = dict.fromkeys([file, *(fault.file for fault in found), *known])
    for written, message in silent_faults(html, shop, version.content.assets.names.values()):
        for name in templates:
            text = _drawn(sources.texts.get(name, ""))
            lines = {text.count("\n", 0, at.end()) + 1 for at in re.finditer(written, text)}
            found |= dict.fromkeys(Fault(name, line, message) for line in sorted(lines))
            if lines:
                break
        else:
            found[Fault(file, 0, message)] = None


def _with_prompts(version: Version, folder: str, prompts: Prompts) -> Version:
    """Return a version that is prompted from a folder of an arm."""
    root = version.sources.root
    files = (root / folder).glob("house*.json")
    texts = {f"{folder}/{path.name}": path.read_text("utf-8-sig") for path in files}
    content = version.content._replace(prompts=prompts)
    return version._replace(content=content, sources=Sources(root, texts))


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
        house = prompts.translations.get(shop.locale.lower(), {}) if found[1] else prompts.house
        yield from _misspelt(file, house, specs, version.sources)
        if found[1] and not _LANGUAGE.fullmatch(found[1]):
            yield Fault(file, 0, f"{found[1]} is no language's tag, as nl is")
        choosing = House(version.content.library.plan, prompts.house_in)
        context = context_of(shop)
        for persona in (None, *PERSONA_TYPES):
            copy_set = persona or ANYBODY
            try:
                if persona:
                    compose(shop, Persona(persona), choosing, shop.id)
                for name in house.get(copy_set, {}).keys() & specs.keys():
                    lines = house[copy_set][name]
                    chosen = {choice.prop for choice in choosing.plan.kinds[name].choices}
                    refused = _refused(specs[name], lines, samples[name], context, chosen)
                    for line, prop, message in refused:
                        value = line.get(prop) or next(iter(line.values()), name)
                        at, where = _line_of(text, value), f"{copy_set}, {name}"
                        yield line_fault(file, at, f"{prop}: {message}", version.sources, where)
            except (LookupError, TypeError, AttributeError, ZeroDivisionError) as error:
                yield Fault(file, 0, f"{copy_set} is not whole: {error!r}")


def _misspelt(
    file: str, house: HouseCopy, components: Iterable[str], sources: Sources
) -> Iterator[Fault]:
    """Yield the sets that are for nobody, and names that are nearly a component's."""
    text = sources.texts[file]
    for name in house.keys() - {ANYBODY, *PERSONA_TYPES}:
        reason = f"there is no persona {name}"
        yield line_fault(file, _line_of(text, name), reason, sources)
    for name in {name for lines in house.values() for name in lines}.difference(components):
        for like in get_close_matches(name, components, 1, 0.8):
            reason = f"there is no component {name}: is {like} meant?"
            yield line_fault(file, _line_of(text, name), reason, sources)


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
    chosen: AbstractSet[str],
) -> Iterator[tuple[Mapping[str, str], str, str]]:
    """Yield the lines of copy that a component refuses, each with the prop and the reason.

    The house's copy may stand beside any product, so that no product's text speaks for it. It
    needs no props that the house has `chosen` for it.
    """
    fields = spec.props.model_fields.items()
    needed = {prop for prop, field in fields if field.is_required()} - chosen
    nothing_named = {**context, "copy": lambda text, _: context["copy"](text, ())}
    for line in lines:
        yield from ((line, prop, "is missing") for prop in sorted(needed - line.keys()))
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
