"""`python -m tools.settings_table`: writes docs/settings.md from app/settings.py."""

from __future__ import annotations

import ast
import inspect
import textwrap
from operator import attrgetter
from pathlib import Path

from app.settings import ROOT, VARIABLES, Settings

DOCUMENT = ROOT / "docs" / "settings.md"

_HEAD = """\
# Settings

<!-- Written by `make docs` from app/settings.py. -->

All are environment variables. An empty one counts as not set; one that cannot be used stops the
start with a message that names it, but for a switch that is neither `0` nor `1`: the log says that
it changes nothing. The Worker has [its own](deploy.md#settings-of-the-worker).

| name | default | meaning |
|---|---|---|
"""


def document() -> str:
    """Return the document that says what the code says."""
    return _HEAD + "".join(_row(name, path) for name, (path, _) in VARIABLES.items())


def _row(name: str, path: str) -> str:
    usual = Settings()
    group, _, field = path.rpartition(".")
    owner = attrgetter(group)(usual) if group else usual
    return f"| `{name}` | {_shown(getattr(owner, field))} | {_meanings(type(owner))[field]} |\n"


def _shown(value: object) -> str:
    """Return a default as somebody would write it."""
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT)}`" if value != ROOT else "the project"
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in ("", None, ()):
        return "none"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _meanings(owner: type) -> dict[str, str]:
    """Return what the string under each field of a class says."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(node, ast.ClassDef)
    return {
        field.target.id: " ".join(words.value.value.split())
        for field, words in zip(node.body, node.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(words, ast.Expr)
        and isinstance(words.value, ast.Constant)
        and isinstance(words.value.value, str)
    }


if __name__ == "__main__":
    DOCUMENT.write_text(document())
