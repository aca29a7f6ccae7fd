"""The texts a designer has put into `prompts/`, read once."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from app.domain.persona import PERSONA_TYPES
from app.rendering.language import likely
from app.settings import ROOT
from app.util.errors import OperatorError
from app.util.folders import regular

HouseCopy = Mapping[str, Mapping[str, list[dict[str, str]]]]

FOLDER = "prompts"
"""Where a shop's own are."""

PLACES = ("{{ rules }}", "{{ components }}")
"""What storefront.md has a place for."""


class PromptError(OperatorError):
    """A prompt file is missing or lacks what it must have; the message names it."""


class Prompts(NamedTuple):
    """`storefront` has one place for components and one for rules; `personas` one brief a type.

    `house` is the copy of the house model: set -> component type -> lines to choose from, and
    `translations` has it in other languages. `words` are the lists of what only the catalog may
    say, by language.
    """

    storefront: str
    personas: Mapping[str, str]
    house: HouseCopy
    translations: Mapping[str, HouseCopy]
    words: Mapping[str, str]
    digest: str

    def house_in(self, locale: str) -> HouseCopy:
        """Return the house's copy in a language; what it lacks there is said in English."""
        spoken = next((n for n in likely(locale) if n in self.translations), None)
        if spoken is None:
            return self.house
        own = self.translations[spoken]
        return {name: {**lines, **own.get(name, {})} for name, lines in self.house.items()}


def load_prompts(folder: Path, read: Callable[[Path], str] | None = None) -> Prompts:
    """Read storefront.md, personas/, house.json, its translations house.de.json, and words/.

    `read` gives a file's text.

    Raises:
        PromptError: one of them is missing, or storefront.md lacks the place for the rules or for
            the components.
    """
    read = read or _read
    storefront = read(folder / "storefront.md")
    for place in PLACES:
        if storefront.count(place) != 1:
            raise PromptError(f"{folder / 'storefront.md'}: needs {place} exactly once")
    personas: dict[str, str] = {
        name: read(folder / "personas" / f"{name}.md") for name in PERSONA_TYPES
    }
    names = ["house.json", *sorted(path.name for path in folder.glob("house.*.json"))]
    house = {name: read(folder / name) for name in names}
    words = load_words(folder, read)
    texts = [storefront, *personas.values(), *house.values(), *words.values()]
    digest = hashlib.sha256(b"\0".join(map(str.encode, texts))).hexdigest()[:16]
    copy = {name: _copy(folder / name, text) for name, text in house.items()}
    usual = copy.pop("house.json")
    if lacking := {"fallback", *PERSONA_TYPES} - usual.keys():
        raise PromptError(f"{folder / 'house.json'}: has no set {min(lacking)}")
    translations = {name.split(".")[1].lower(): lines for name, lines in copy.items()}
    return Prompts(storefront, personas, usual, translations, words, digest)


def _copy(path: Path, text: str) -> HouseCopy:
    try:
        lines: HouseCopy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PromptError(f"{path}: {error}") from error
    if not _fit([lines], dict, dict, list, dict, str):
        raise PromptError(f"{path}: not an object of sets of component types, each a list of texts")
    return lines


def _fit(values: list[Any], kind: type, *inner: type) -> bool:
    """Say whether values are of the first type, what they hold of the second, and so on."""
    if not all(isinstance(value, kind) for value in values):
        return False
    held = (item for value in values for item in (value.values() if kind is dict else value))
    return not inner or _fit(list(held), *inner)


def load_words(folder: Path, read: Callable[[Path], str] | None = None) -> dict[str, str]:
    """Read words/*.txt by language, each with what CLDR has for it in words/cldr.

    Ours stands in for a list that the folder has not: the law holds in every shop.

    Raises:
        PromptError: one of them cannot be read.
    """
    ours = ROOT / "prompts"
    words: dict[str, str] = {}
    for place in ("words", "words/cldr"):
        bases = {ours / place, folder / place}
        for name in sorted({path.name for base in bases for path in base.glob("[!.]*.txt")}):
            own, tag = folder / place / name, name.removesuffix(".txt")
            text = (read or _read)(own) if own.is_file() else _read(ours / place / name)
            words[tag] = words.get(tag, "") + text
    return words


def _read(path: Path) -> str:
    try:
        return regular(path).read_text("utf-8-sig")
    except OSError as error:
        raise PromptError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PromptError(f"{path}: not UTF-8: {error}") from error
