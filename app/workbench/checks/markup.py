"""Finds invalid HTML in the states of components and pages."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from app.workbench.gallery.pages import PAGES
from app.workbench.gallery.states import ViewOptions, draw, state_names
from app.workbench.reload.manager import ContentReloader


class Finding(NamedTuple):
    """Something wrong, or worth knowing, about a state. `level` is `wrong` or `note`."""

    component: str
    state: str
    kind: str
    level: str
    text: str
    theme: str = ""


def axe_script() -> Path | None:
    """Return where axe-core's script is on this machine, if its package is installed."""
    package = find_spec("axe_playwright_python")
    folders = package.submodule_search_locations if package else None
    return Path(folders[0]) / "axe.min.js" if folders else None


def markup_findings(live: ContentReloader, name: str) -> list[Finding]:
    """Return what is not valid HTML in a component's or page's states, and which are not drawn."""
    spec = live.version.content.library.specs.get(name)
    found: list[Finding] = []
    for state in PAGES[name] if name in PAGES else state_names(spec) if spec else ():
        rendered = draw(live, name, ViewOptions(state=state))
        if rendered is None:
            continue
        if rendered.fault is not None:
            message = f"{rendered.fault.place}: {rendered.fault.message}"
            found.append(Finding(name, state, "drawing", "wrong", message))
            continue
        html = rendered.html
        texts = _errors(html, html) if spec is None else invalid_markup(html)
        found += [Finding(name, state, "markup", "wrong", text) for text in texts]
        if rendered.refusal:
            message = f"a model could not propose it: {rendered.refusal}"
            found.append(Finding(name, state, "props", "note", message))
    return found


def invalid_markup(html: str) -> list[str]:
    """Return what is wrong with a slot's HTML."""
    page = f"<!doctype html><title>A state</title><main><section>{html}</section></main>"
    return _errors(page, html)


def _errors(page: str, shown: str) -> list[str]:
    """Return what a strict parser finds wrong with a page, with the line of what is shown."""
    from html5lib import HTMLParser  # noqa: PLC0415 - only who checks needs it
    from html5lib.constants import E  # noqa: PLC0415 - likewise

    parser = HTMLParser()
    lines = shown.splitlines()
    parser.parse(page)
    found = []
    for (line, _), code, values in parser.errors:
        words = E[code] % values if isinstance(values, Mapping) else code
        text = lines[line - 1].strip()[:120] if 0 < line <= len(lines) else ""
        found.append(f"line {line}: {words} {text}".strip())
    return found
