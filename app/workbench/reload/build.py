"""Builds the site's content from the designer's files, anew only where they changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from app.content.assets import Assets, is_brand, make_assets
from app.content.components import (
    STATED,
    ComponentSpec,
    Library,
    LibraryError,
    Sample,
    SlotSpec,
    Specs,
    component_spec,
    digest_of,
    kinds_of,
    read_samples,
    slots_of,
)
from app.content.prompts import PromptError, Prompts, load_prompts
from app.content.site import MESSAGES, SiteContent, merged, read_catalogs
from app.content.styles import shape_faults
from app.generation.copy.lexicon import unreadable
from app.rendering.language import Languages
from app.rendering.po import PoError, read_po
from app.settings import ROOT
from app.workbench.reload.errors import Fault, fault_of, line_fault
from app.workbench.reload.files import Sources, is_text
from app.workbench.reload.modules import Package

_PAGE_WIDE = ("shell.jinja", "pages/", "parts/")


class BuildError(Exception):
    """A file cannot be used; the fault says which and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Version(NamedTuple):
    """The content at one moment, with the files and modules they were built from."""

    number: int
    sources: Sources
    content: SiteContent
    package: Package | None = None


def build(before: Version, sources: Sources) -> Version:
    """Return the next version, built from these files.

    Raises:
        BuildError: one of them cannot be used.
    """
    changed = sources.differing(before.sources)
    try:
        return _build(before, sources, changed)
    except BuildError:
        raise
    except Exception as error:
        raise BuildError(fault_of(error, sources, min(changed, default=""))) from error


def _build(before: Version, sources: Sources, changed: set[str]) -> Version:
    _check_styles(sources, changed)
    library, package = before.content.library, before.package
    if package is None or any(name.startswith("components/") for name in changed):
        library, package = _library(before, sources, changed)
    prompts = before.content.prompts
    if any(name.startswith("prompts/") for name in changed):
        prompts = _prompts(sources)
    assets = before.content.assets
    restyled = library.styles != before.content.library.styles
    if restyled or any(name.startswith("static/") for name in changed):
        assets = _assets(before, sources, library.styles)
    languages = before.content.languages
    if any(name.startswith("locale/") for name in changed):
        languages = _languages(sources)
    content = before.content._replace(
        library=library, prompts=prompts, assets=assets, languages=languages
    )
    return Version(before.number + 1, sources, content, package)


def _check_styles(sources: Sources, changed: Iterable[str]) -> None:
    for name in sorted(changed):
        if name.endswith(".css"):
            for fault in shape_faults(sources.texts.get(name, "")):
                raise BuildError(line_fault(name, fault.line, fault.reason, sources))


def component_of(name: str, sources: Sources) -> str:
    """Return the component a file belongs to, empty where it is shared or no component's."""
    path = Path(name)
    stem = path.name.partition(".")[0]
    own = path.parent == Path("components") and f"components/{stem}.jinja" in sources.texts
    return stem if own and f"components/{stem}.py" in sources.texts else ""


def _library(before: Version, sources: Sources, changed: set[str]) -> tuple[Library, Package]:
    texts = sources.within("components")
    folder = sources.root / "components"
    package, old = before.package, dict(before.content.library.specs)
    if package is None or _shared_code(package, sources, changed):
        package, old = Package(folder, texts), {}
    try:
        slots = _slots(package, sources)
        specs = _specs(package, slots, sources, _Old(old, changed))
        kinds = kinds_of(folder, texts)
    except Exception:
        if package is not before.package:
            package.close()
        raise
    styles = "\n".join(
        texts[name] for name in sorted(texts) if name.endswith(".css") and "/" not in name
    )
    templates = {name: text for name, text in texts.items() if name.endswith(".jinja")}
    digests, made = (digest_of(texts), digest_of(texts, STATED)), Specs(lambda: specs)
    return Library(folder, made, slots, styles, *digests, kinds, templates), package


def _shared_code(package: Package, sources: Sources, changed: set[str]) -> bool:
    modules = [name for name in changed if name.startswith("components/") and name.endswith(".py")]
    return any(
        not component_of(name, sources) or package.leans_on(Path(name).stem) for name in modules
    )


def _slots(package: Package, sources: Sources) -> tuple[SlotSpec, ...]:
    try:
        return slots_of(package.module("slots"))
    except Exception as error:
        raise BuildError(fault_of(error, sources, "components/slots.py")) from error


class _Old(NamedTuple):
    specs: Mapping[str, ComponentSpec]
    changed: set[str]

    def still(self, name: str) -> ComponentSpec | None:
        """Return a component's earlier spec if none of what it is made of has changed."""
        made_of = {f"components/{name}{ending}" for ending in (".py", ".samples.json", ".jinja")}
        return None if made_of & self.changed else self.specs.get(name)


def _specs(
    package: Package, slots: tuple[SlotSpec, ...], sources: Sources, old: _Old
) -> dict[str, ComponentSpec]:
    known = {slot.id for slot in slots}
    names = sorted(name.removesuffix(".py") for name in sources.within("components"))
    found = {}
    for name in names:
        if component_of(f"components/{name}.py", sources) == name:
            found[name] = old.still(name) or _spec(name, package, known, sources)
    return found


def _spec(name: str, package: Package, known: set[str], sources: Sources) -> ComponentSpec:
    file = f"components/{name}.py"
    text = sources.texts[file]
    samples = _samples(name, sources)
    try:
        same = package.texts.get(f"{name}.py") == text
        module = package.module(name) if same else package.renew(name, text)
        spec = component_spec(sources.root / file, module, known, samples)
        spec.props.model_rebuild()
        spec.props.model_json_schema()
    except Exception as error:
        raise BuildError(fault_of(error, sources, file)) from error
    return spec


def _samples(name: str, sources: Sources) -> tuple[Sample, ...]:
    file = f"components/{name}.samples.json"
    text = sources.texts.get(file)
    try:
        if text is not None:
            json.loads(text)
        return read_samples(sources.root / file, text)
    except json.JSONDecodeError as error:
        raise BuildError(
            line_fault(file, error.lineno, f"not JSON: {error.msg}", sources)
        ) from error
    except (LibraryError, RecursionError) as error:
        raise BuildError(fault_of(error, sources, file)) from error


def _prompts(sources: Sources) -> Prompts:
    def read(path: Path) -> str:
        name = path.relative_to(sources.root).as_posix()
        if name not in sources.texts:
            raise PromptError(f"{name}: missing")
        return sources.texts[name]

    try:
        prompts = load_prompts(sources.root / "prompts", read)
    except PromptError as error:
        raise BuildError(_prompt_fault(error, sources)) from error
    for name, text in sources.within("prompts/words").items():
        for line, reason in unreadable(text):
            raise BuildError(line_fault(f"prompts/words/{name}", line, reason, sources))
    return prompts


def _prompt_fault(error: PromptError, sources: Sources) -> Fault:
    file, _, reason = str(error).removeprefix(f"{sources.root}/").partition(": ")
    cause = error.__cause__
    if isinstance(cause, json.JSONDecodeError):
        return line_fault(file, cause.lineno, f"not JSON: {cause.msg}", sources)
    return line_fault(file, 0, reason, sources)


def _languages(sources: Sources) -> Languages:
    """Return the languages of the designer's catalogs, ours behind them."""
    texts = sources.within("locale")
    own = {name.partition("/")[0]: text for name, text in texts.items() if name.endswith(MESSAGES)}
    for name, text in own.items():
        try:
            read_po(text)
        except PoError as error:
            file = f"locale/{name}/{MESSAGES}"
            raise BuildError(line_fault(file, error.line, str(error), sources)) from error
    ours = {} if sources.root == ROOT else read_catalogs(ROOT / "locale")
    return Languages(merged((ours, own)))


def _assets(before: Version, sources: Sources, styles: str) -> Assets:
    """Return the static files, of which those that are no texts are read now."""
    old = before.content.assets.files
    made_here = {"shop.css"} | {name for name in old if is_brand(name)}
    read = {name: body.plain for name, body in old.items() if name not in made_here}
    for name, text in sources.within("static").items():
        path = sources.root / "static" / name
        read[name] = text.encode() if is_text(name) else path.read_bytes()
    shops = before.content.catalogs.shops.values()
    return make_assets({name: read[name] for name in sorted(read)}, styles, shops)
