"""The components a designer has put into `components/`, read once: what we can draw.

Their files are read when the shop opens. Their props are Python and pydantic, and take as long to
load as all the rest: nobody needs them to see the shop, so they can be loaded a moment later.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from app.content.kinds import kind_in
from app.content.styles import shape_faults
from app.domain.page import ComponentSpec, Kind, PagePlan, Sample, SlotSpec
from app.util.errors import OperatorError
from app.util.folders import files_below, regular
from app.util.lazy import Lazy

if TYPE_CHECKING:
    from pydantic import BaseModel

_DRAWN = (".jinja", ".css", ".py")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class LibraryError(OperatorError):
    """A component's files do not fit together; the message names the file and what it lacks."""


class Specs(Mapping[str, ComponentSpec]):
    """The kinds of components by name, loaded by `load` or by whoever asks first.

    Loading raises LibraryError where a component lacks a file, or its files do not fit together.
    """

    def __init__(self, load: Callable[[], Mapping[str, ComponentSpec]]) -> None:
        self.load = Lazy(load)

    def __getitem__(self, name: str) -> ComponentSpec:
        return self.load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.load())

    def __len__(self) -> int:
        return len(self.load())


@dataclass(frozen=True, eq=False, repr=False)
class Library:
    """Everything we can draw. `digest` changes whenever a template, style or schema does.

    `schema_digest` changes only when what models are told of components may do. `kinds` are what
    rules know of them. `templates` holds their texts by name where they are not to be read from the
    folder.
    """

    folder: Path
    specs: Specs
    slots: tuple[SlotSpec, ...]
    styles: str
    digest: str
    schema_digest: str = ""
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    templates: Mapping[str, str] | None = None

    @property
    def offered(self) -> list[ComponentSpec]:
        """What models may choose from."""
        return [it for it in self.specs.values() if not self.plan.own.issuperset(it.slots)]

    @property
    def by_slot(self) -> dict[str, list[str]]:
        """The names of the components that may fill each slot."""
        return {
            slot.id: [name for name, spec in self.specs.items() if slot.id in spec.slots]
            for slot in self.slots
        }

    @cached_property
    def plan(self) -> PagePlan:
        """What stands where on the page, as far as rules must know it."""
        slots = self.slots
        return PagePlan(
            slots=tuple(slot.id for slot in slots),
            optional=frozenset(slot.id for slot in slots if slot.optional),
            kinds=self.kinds,
            required=frozenset(slot.id for slot in slots if slot.required),
            seconds={slot.id: slot.seconds for slot in slots if slot.seconds is not None},
        )


def open_library(folder: Path) -> Library:
    """Read the folder's slots, styles and digest; the components' props are loaded later.

    Raises:
        LibraryError: `slots.py` cannot be imported, props are not Python, or a style would swallow
            those behind it.
    """
    package = _package_of(folder)
    module = _import(folder / "slots.py", f"{package}.slots")
    slots = slots_of(module)
    for path in sorted(folder.glob("[!.]*.css")):
        check_style(path)
    specs = Specs(partial(_specs, folder, package, slots))
    paths = files_below(folder, _DRAWN)
    texts = {str(path).removeprefix(f"{folder}/"): _read(path) for path in paths}
    return library_of(folder, texts, slots, specs)


def library_of(
    folder: Path,
    texts: Mapping[str, str],
    slots: tuple[SlotSpec, ...],
    specs: Specs,
    templates: Mapping[str, str] | None = None,
) -> Library:
    """Return the library that these texts make up, by their names in the folder.

    Raises:
        LibraryError: props are not Python.
    """
    sheets = (name for name in sorted(texts) if name.endswith(".css") and "/" not in name)
    styles = "\n".join(texts[name] for name in sheets)
    # Digests of the files themselves: generating every schema at each start takes longer.
    digests = _digest_of(texts, _DRAWN), _digest_of(texts, (".py",))
    return Library(folder, specs, slots, styles, *digests, _kinds_of(folder, texts), templates)


def check_style(path: Path) -> None:
    """See whether the shape of a style is whole, since others are joined to it.

    Raises:
        LibraryError: it is not.
    """
    for fault in shape_faults(_read(path)):
        raise LibraryError(f"{path}: line {fault.line}: {fault.reason}")


def _read(path: Path) -> str:
    try:
        return regular(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(f"{path}: {error}") from error


def slots_of(module: ModuleType) -> tuple[SlotSpec, ...]:
    """Return the slots that `slots.py` states.

    Raises:
        LibraryError: two have one name.
    """
    slots = tuple(
        SlotSpec(
            slot.id,
            slot.label,
            slot.required,
            getattr(slot, "seconds", None),
            getattr(slot, "optional", False),
        )
        for slot in module.SLOTS
    )
    for name, number in Counter(slot.id for slot in slots).items():
        if number > 1:
            raise LibraryError(f"slots.py: there are {number} slots named {name!r}")
    return slots


def _kinds_of(folder: Path, texts: Mapping[str, str]) -> dict[str, Kind]:
    """Return what rules know of the components among these texts, by their names in the folder.

    Raises:
        LibraryError: one is not Python.
    """
    found = {}
    for name in sorted(texts):
        stem, _, ending = name.rpartition(".")
        if ending != "py" or f"{stem}.jinja" not in texts:
            continue
        try:
            kind = kind_in(texts[name])
        except (SyntaxError, ValueError) as error:
            raise LibraryError(f"{folder / name}: cannot be imported: {error!r}") from error
        if kind is not None:
            found[stem.rpartition("/")[2]] = kind
    return found


def load_library(folder: Path) -> Library:
    """Read every component of the folder.

    Raises:
        LibraryError: a component lacks a file, or its files do not fit together.
    """
    library = open_library(folder)
    library.specs.load()
    return library


def _package_of(folder: Path) -> str:
    """Make the folder a package by a name of its own, whatever else is called `components`."""
    place = str(folder.resolve())
    name = f"components_{hashlib.sha256(place.encode()).hexdigest()[:8]}"
    package = ModuleType(name)
    package.__path__ = [place]
    sys.modules.setdefault(name, package)
    return name


def _specs(folder: Path, package: str, slots: Iterable[SlotSpec]) -> dict[str, ComponentSpec]:
    known = {slot.id for slot in slots}
    found = {}
    for path in sorted(folder.iterdir()):  # glob would find nothing where no file can be opened
        if path.suffix == ".py" and path.name[0] != "." and path.with_suffix(".jinja").exists():
            module = _import(path, f"{package}.{path.stem}")
            file = path.with_suffix(".samples.json")
            samples = read_samples(file, _read(file) if file.exists() else None)
            found[path.stem] = component_spec(path, module, known, samples)
    return found


def component_spec(
    path: Path, module: ModuleType, known: set[str], samples: tuple[Sample, ...]
) -> ComponentSpec:
    """Return a component whose props the module holds; `known` are the page's slots.

    Raises:
        LibraryError: the name is none, or the module does not hold one class of props that fills
            slots of the page.
    """
    if not _NAME.fullmatch(path.stem):
        raise LibraryError(f"{path}: a name is of small letters, digits and underscores")
    props = _props_of(path, module)
    allowed = tuple(getattr(props, "slots", ()))
    if not allowed or not known.issuperset(allowed):
        raise LibraryError(f"{path}: `slots` must name slots of slots.py, not {allowed!r}")
    return ComponentSpec(path.stem, props, allowed, samples)


def _import(path: Path, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise LibraryError(f"{path}: cannot be imported: {error!r}") from error


def _props_of(path: Path, module: ModuleType) -> type[BaseModel]:
    from pydantic import BaseModel  # noqa: PLC0415 - the components have loaded it by now

    own = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, BaseModel)
        and value.__module__ == module.__name__
        and hasattr(value, "slots")
    ]
    if len(own) != 1:
        raise LibraryError(f"{path}: expected one class of props with `slots`, found {len(own)}")
    return own[0]


def read_samples(path: Path, text: str | None) -> tuple[Sample, ...]:
    """Read a component's samples from its file's text.

    Raises:
        LibraryError: there are none, or they are not what samples are.
    """
    if text is None:
        raise LibraryError(f"{path}: missing; a component needs at least one sample")
    try:
        items = json.loads(text)
        json.dumps(items, ensure_ascii=False).encode()  # half a pair of surrogates is no text
        samples = tuple(Sample(str(item["name"]), dict(item["config"])) for item in items)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise LibraryError(f"{path}: not a list of {{name, config}}: {error}") from error
    if not samples:
        raise LibraryError(f"{path}: empty; a component needs at least one sample")
    for name, number in Counter(sample.name for sample in samples).items():
        if number > 1:
            raise LibraryError(f"{path}: there are {number} samples named {name!r}")
    return samples


def _digest_of(texts: Mapping[str, str], endings: tuple[str, ...]) -> str:
    """Digest the files that components are drawn from, by their names in the folder."""
    digest = hashlib.sha256()
    for name in sorted(texts, key=lambda name: name.split("/")):
        if name.endswith(endings):
            digest.update(f"{name}\0{texts[name]}\0".encode())
    return digest.hexdigest()[:16]
