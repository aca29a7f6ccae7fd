"""Every message of the pages: collected from templates, slots and code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from jinja2 import Environment
from jinja2.ext import extract_from_ast

from app.content.components import open_library
from app.settings import ROOT

_IN_TEMPLATES = ("_", "gettext", "ngettext")
_IN_CODE = ("gettext", "said", "message_page", "Notice")
"""What code calls with messages: a language's own functions, and what passes them on."""


class Message(NamedTuple):
    """What is translated: in English, with its plural where it has one."""

    text: str
    plural: str = ""


@cache
def collect() -> tuple[Message, ...]:
    """Return all messages in the order in which they are found."""
    return tuple(dict.fromkeys((*_of_templates(), *_of_slots(), *_of_code())))


def _of_templates() -> Iterator[Message]:
    reader = Environment(autoescape=True)
    for path in sorted((ROOT / "components").rglob("*.jinja")):
        tree = reader.parse(path.read_text())
        for _, function, texts in extract_from_ast(tree, _IN_TEMPLATES):
            said = [text for text in ((texts,) if isinstance(texts, str) else texts or ()) if text]
            yield Message(*said[: 2 if function == "ngettext" else 1])


def _of_slots() -> Iterator[Message]:
    for slot in open_library(ROOT / "components").slots:
        yield Message(slot.label)


def _of_code() -> Iterator[Message]:
    for path in sorted((ROOT / "app").rglob("*.py")):
        text = path.read_text()
        if not any(name in text for name in _IN_CODE):
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call):
                continue
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            for given in node.args if name in _IN_CODE else ():
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    yield Message(given.value)
