"""Builds the site's content from the designer's files, anew only where they changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from app.content.assets import Assets, files_of, make_assets
from app.content.components import (
    Library,
    Specs,
    component_spec,
    library_of,
    read_samples,
    slots_of,
)
from app.content.prompts import PromptError, Prompts, load_prompts
from app.content.site import MESSAGES, SiteContent, merged, read_catalogs
from app.content.styles import shape_faults
from app.domain.page import ComponentSpec
from app.generation.copy.lexicon import unreadable
from app.generation.prompt import schema_of
from app.rendering.language import Languages
from app.rendering.po import PoError, read_po
from app.settings import ROOT
from app.workbench.reload.errors import Fault, fault_of, line_fault, named_fault
from app.workbench.reload.files import Sources, is_text
from app.workbench.reload.modules import Package


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
    with blaming(sources, min(changed, default="")):
        for name in sorted(name for name in changed if name.endswith(".css")):
            for fault in shape_faults(sources.texts.get(name, "")):
                raise BuildError(line_fault(name, fault.line, fault.reason, sources))
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


@contextmanager
def blaming(sources: Sources, file: str, where: str = "") -> Iterator[None]:
    """Have what is raised here be a BuildError: the fault of a file that it names, else of this."""
    try:
        yield
    except BuildError:
        raise
    except Exception as error:
        raise BuildError(fault_of(error, sources, file, where)) from error


def component_of(name: str, sources: Sources) -> str:
    """Return the component a file belongs to, empty where it is shared or no component's."""
    folder, _, file = name.rpartition("/")
    stem = file.partition(".")[0]
    own = folder == "components" and f"components/{stem}.jinja" in sources.texts
    return stem if own and f"components/{stem}.py" in sources.texts else ""


def _library(before: Version, sources: Sources, changed: set[str]) -> tuple[Library, Package]:
    folder, texts = sources.root / "components", sources.within("components")
    package, old = before.package, dict(before.content.library.specs)
    if "slots.py" not in texts:
        raise BuildError(Fault("components/slots.py", 0, "missing"))
    if package is None or _shared_code(package, sources, changed):
        package, old = Package(folder, texts), {}
    for file in changed:  # what a component is made of: none is left of what has changed
        old.pop(component_of(file, sources), None)
    try:
        with blaming(sources, "components/slots.py"):
            slots = slots_of(package.module("slots"))
        known = {slot.id for slot in slots}
        names = sorted(name.removesuffix(".py") for name in texts if name.endswith(".py"))
        specs = {
            name: old.get(name) or _spec(name, package, known, sources)
            for name in names
            if component_of(f"components/{name}.py", sources) == name
        }
        templates = {name: text for name, text in texts.items() if name.endswith(".jinja")}
        return library_of(folder, texts, slots, Specs(lambda: specs), templates), package
    except Exception:
        if package is not before.package:
            package.close()
        raise


def _shared_code(package: Package, sources: Sources, changed: set[str]) -> bool:
    modules = [name for name in changed if name.startswith("components/") and name.endswith(".py")]
    return any(
        not component_of(name, sources) or package.leans_on(Path(name).stem) for name in modules
    )


def _spec(name: str, package: Package, known: set[str], sources: Sources) -> ComponentSpec:
    file, listed = (sources.root / f"components/{name}{end}" for end in (".py", ".samples.json"))
    with blaming(sources, f"components/{name}.samples.json"):
        samples = read_samples(listed, sources.texts.get(f"components/{name}.samples.json"))
    with blaming(sources, f"components/{name}.py"):
        module = package.current(name, sources.texts[f"components/{name}.py"])
        spec = component_spec(file, module, known, samples)
        spec.props.model_rebuild()
        schema_of(spec.props)
        return spec


def _prompts(sources: Sources) -> Prompts:
    def read(path: Path) -> str:
        name = path.relative_to(sources.root).as_posix()
        if name not in sources.texts:
            raise PromptError(f"{name}: missing")
        return sources.texts[name]

    try:
        prompts = load_prompts(sources.root / "prompts", read)
    except PromptError as error:
        raise BuildError(named_fault(error, sources)) from error
    for name, text in sources.within("prompts/words").items():
        for line, reason in unreadable(text):
            raise BuildError(line_fault(f"prompts/words/{name}", line, reason, sources))
    return prompts


def _languages(sources: Sources) -> Languages:
    """Return the languages of the designer's catalogs, ours behind them."""
    texts = sources.within("locale")
    own = {name.partition("/")[0]: text for name, text in texts.items() if name.endswith(MESSAGES)}
    for name, text in own.items():
        try:
            _read_once(text)
        except PoError as error:
            file = f"locale/{name}/{MESSAGES}"
            raise BuildError(line_fault(file, error.line, str(error), sources)) from error
    ours = {} if sources.root == ROOT else read_catalogs(ROOT / "locale")
    return Languages(merged((ours, own)))


_read_once = lru_cache(64)(read_po)


def _assets(before: Version, sources: Sources, styles: str) -> Assets:
    """Return the designer's static files, ours behind them; what is no text is read now."""
    own, ours = sources.root / "static", ROOT / "static"
    read = {} if own == ours else {path.name: path.read_bytes() for path in files_of(ours)}
    for name, text in sources.within("static").items():
        if "/" not in name:
            read[name] = text.encode() if is_text(name) else (own / name).read_bytes()
    shops = before.content.catalogs.shops.values()
    return make_assets({name: read[name] for name in sorted(read)}, styles, shops)
