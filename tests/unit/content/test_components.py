"""The library: what a designer put into a folder, or the name of the file that does not fit."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from app.content.components import LibraryError, load_library
from app.settings import ROOT

KINDS = [
    "bundle",
    "categories",
    "compare",
    "cta",
    "filters",
    "grid",
    "hero",
    "recent",
    "recommendations",
    "story",
]
SLOTS = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Slot:
    id: str
    label: str
    required: bool = False

SLOTS = (Slot("top", "Top", required=True), Slot("end", "End"))
"""
PROPS = """
from typing import ClassVar
from pydantic import BaseModel

class Banner(BaseModel):
    slots: ClassVar = ("top",)
    text: str
"""
SAMPLES = '[{"name": "typical", "config": {"text": "Hello"}}]'

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a folder of one component; `changes` replace files, None leaves one out."""
    numbers = itertools.count()

    def make(**changes: str | None) -> Path:
        folder = tmp_path / str(next(numbers)) / "components"
        folder.mkdir(parents=True)
        usual = {
            "__init__.py": "",
            "slots.py": SLOTS,
            "banner.py": PROPS,
            "banner.jinja": "<p>{{ props.text }}</p>",
            "banner.css": ".banner { color: red; }",
            "banner.samples.json": SAMPLES,
        }
        named = {name.replace("__", "."): text for name, text in changes.items()}
        for name, text in {**usual, **named}.items():
            if text is not None:
                (folder / name).write_text(text)
        return folder

    return make


def test_the_shops_own_library_loads() -> None:
    library = load_library(ROOT / "components")
    assert list(library.specs) == KINDS
    assert [slot.id for slot in library.slots] == [
        "hero",
        "filters",
        "grid",
        "feature",
        "recommendations",
        "recent",
        "cta",
    ]
    assert re.fullmatch(r"[0-9a-f]{16}", library.digest)


def test_a_component_is_its_files_together(write: Write) -> None:
    folder = write()
    library = load_library(folder)
    spec = library.specs["banner"]
    assert (spec.name, spec.slots, spec.props.__name__) == ("banner", ("top",), "Banner")
    assert [(sample.name, sample.config) for sample in spec.samples] == [
        ("typical", {"text": "Hello"})
    ]
    assert [(slot.id, slot.required) for slot in library.slots] == [("top", True), ("end", False)]
    assert library.styles == ".banner { color: red; }"
    assert library.folder == folder


def test_two_folders_of_the_same_name_are_two_libraries(write: Write) -> None:
    first = load_library(write())
    second = load_library(write(banner__py=PROPS.replace("text: str", "words: str")))
    props = [library.specs["banner"].props for library in (first, second)]
    assert [list(each.model_fields) for each in props] == [["text"], ["words"]]


def test_a_module_without_a_template_is_no_component(write: Write) -> None:
    folder = write(fields__py="X = 1", banner__jinja=None)
    assert load_library(folder).specs == {}


def complaint(folder: Path) -> str:
    with pytest.raises(LibraryError) as refused:
        load_library(folder)
    return str(refused.value)


@pytest.mark.parametrize(
    "samples",
    [
        None,
        "",
        "not json",
        "7",
        "[7]",
        '[{"name": "typical"}]',
        '[{"config": {}}]',
        "[]",
    ],
)
def test_a_component_without_good_samples_is_named(write: Write, samples: str | None) -> None:
    folder = write(banner__samples__json=samples)
    assert str(folder / "banner.samples.json") in complaint(folder)


@pytest.mark.parametrize("slots", ['("side",)', '("top", "side")', "()", '"top"'])
def test_a_component_of_an_unknown_slot_is_named(write: Write, slots: str) -> None:
    folder = write(banner__py=PROPS.replace('("top",)', slots))
    assert str(folder / "banner.py") in complaint(folder)


def test_a_component_with_two_classes_of_props_is_named(write: Write) -> None:
    twice = PROPS + PROPS.partition("BaseModel\n\n")[2].replace("Banner", "Other")
    folder = write(banner__py=twice)
    assert str(folder / "banner.py") in complaint(folder)
    assert "found 2" in complaint(folder)


def test_a_component_without_props_is_named(write: Write) -> None:
    folder = write(banner__py=PROPS.replace('    slots: ClassVar = ("top",)\n', ""))
    assert str(folder / "banner.py") in complaint(folder)


def test_a_component_that_cannot_be_imported_is_named(write: Write) -> None:
    folder = write(banner__py="this is not Python")
    assert "banner.py" in complaint(folder)


# ------------------------------------------------------------------ the digest


def test_equal_folders_have_equal_digests(write: Write) -> None:
    assert load_library(write()).digest == load_library(write()).digest


@pytest.mark.parametrize(
    "change",
    [
        {"banner__jinja": "<b>{{ props.text }}</b>"},
        {"banner__css": ".banner { color: blue; }"},
        {"more__css": ".more { color: red; }"},
        {"part__jinja": "<i>new</i>"},
        {"banner__py": PROPS.replace("text: str", "text: str | None")},
        {"banner__py": PROPS.replace('("top",)', '("top", "end")')},
        {"banner__py": PROPS.replace("Model):", 'Model):\n    """Said to the model."""\n')},
    ],
    ids=str,
)
def test_the_digest_changes_with_what_is_drawn_and_what_is_asked(
    write: Write, change: dict[str, str]
) -> None:
    assert load_library(write(**change)).digest != load_library(write()).digest


@pytest.mark.parametrize(
    "change", [{"banner__samples__json": SAMPLES * 1 + " "}, {"notes__md": "x"}]
)
def test_the_digest_does_not_change_with_what_no_page_shows(
    write: Write, change: dict[str, str]
) -> None:
    assert load_library(write(**change)).digest == load_library(write()).digest
