"""The texts a designer has put into `prompts/`, read once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from app.domain.persona import PERSONA_TYPES
from app.settings import ROOT

PLACES = ("{{ rules }}", "{{ components }}")
"""What storefront.md has a place for."""


class PromptError(Exception):
    """A prompt file is missing or lacks what it must have; the message names it."""


class Prompts(NamedTuple):
    """`storefront` has one place for components and one for rules; `personas` one brief a type.

    `house` is the copy of the house composer: set -> component type -> lines to choose from.
    `words` are the lists of what only the catalog may say, by language.
    """

    storefront: str
    personas: Mapping[str, str]
    house: Mapping[str, Mapping[str, list[dict[str, str]]]]
    words: Mapping[str, str]
    digest: str


def load_prompts(folder: Path, read: Callable[[Path], str] | None = None) -> Prompts:
    """Read storefront.md, personas/*.md, house.json and words/; `read` gives a file's text.

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
    house = read(folder / "house.json")
    words = load_words(folder, read)
    texts = [storefront, *personas.values(), house, *words.values()]
    digest = hashlib.sha256("\0".join(texts).encode())
    try:
        lines = json.loads(house)
    except ValueError as error:
        raise PromptError(f"{folder / 'house.json'}: {error}") from error
    return Prompts(storefront, personas, lines, words, digest.hexdigest()[:16])


def load_words(folder: Path, read: Callable[[Path], str] | None = None) -> dict[str, str]:
    """Read words/*.txt by language, each with what CLDR has for it in words/cldr.

    Ours stands in for a list that the folder has not: the law holds in every shop.

    Raises:
        PromptError: one of them cannot be read.
    """
    ours = ROOT / "prompts"
    words: dict[str, str] = {}
    for pattern in ("words/*.txt", "words/cldr/*.txt"):
        found = {path.relative_to(base) for base in (ours, folder) for path in base.glob(pattern)}
        for name in sorted(found):
            own = folder / name
            text = (read or _read)(own) if own.is_file() else _read(ours / name)
            words[name.stem] = words.get(name.stem, "") + text
    return words


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise PromptError(f"{path}: {error.strerror}") from error
