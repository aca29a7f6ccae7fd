"""The texts a designer has put into `prompts/`, read once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from app.domain.persona import PERSONA_TYPES

PLACE_OF_COMPONENTS = "{{ components }}"


class PromptError(Exception):
    """A prompt file is missing or lacks what it must have; the message names it."""


class Prompts(NamedTuple):
    """`storefront` has one place for the list of components; `personas` one brief a type.

    `house` is the copy of the house composer: set -> component type -> lines to choose from.
    """

    storefront: str
    personas: Mapping[str, str]
    house: Mapping[str, Mapping[str, list[dict[str, str]]]]
    digest: str


def load_prompts(folder: Path, read: Callable[[Path], str] | None = None) -> Prompts:
    """Read storefront.md, personas/*.md and house.json; `read` gives a file's text.

    Raises:
        PromptError: one of them is missing, or storefront.md has no place for the components.
    """
    read = read or _read
    storefront = read(folder / "storefront.md")
    if storefront.count(PLACE_OF_COMPONENTS) != 1:
        raise PromptError(f"{folder / 'storefront.md'}: needs {PLACE_OF_COMPONENTS} exactly once")
    personas: dict[str, str] = {
        name: read(folder / "personas" / f"{name}.md") for name in PERSONA_TYPES
    }
    house = read(folder / "house.json")
    digest = hashlib.sha256("\0".join([storefront, *personas.values(), house]).encode())
    try:
        lines = json.loads(house)
    except ValueError as error:
        raise PromptError(f"{folder / 'house.json'}: {error}") from error
    return Prompts(storefront, personas, lines, digest.hexdigest()[:16])


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise PromptError(f"{path}: {error.strerror}") from error
