"""Finds invalid HTML, and what browsers pass over in silence, in states of components and pages."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.catalog.images import image_hosts
from app.domain.catalog import Shop
from app.workbench.gallery.pages import PAGES
from app.workbench.gallery.states import ViewOptions, draw, state_names
from app.workbench.reload.manager import ContentReloader

_SCRIPTS = {"", "module", "text/javascript", "application/javascript", "importmap"}
"""Types of scripts that are run; others hold data."""

_HELD = {"img", "script", "source", "input"}
"""What loads what its `src` names."""

_EMPTY = {"iframe", "object", "embed", "audio", "video"}
"""What the policy lets nothing be shown in."""

_ADDRESSES = {"href", "src", "action", "formaction", "xlink:href"}
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:)?(?://([^/?#]*))?([^?#]*).*", re.DOTALL)
_ELSEWHERE = "put it into a file of static/, and name that with url.asset"


class Silent(NamedTuple):
    """Something that a browser passes over without a word, and how a template writes it."""

    written: str
    message: str


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
        texts = [*(_errors(html, html) if spec is None else invalid_markup(html))]
        served = live.version.content.assets.names.values()
        texts += dict.fromkeys(each.message for each in silent_faults(html, rendered.shop, served))
        found += [Finding(name, state, "markup", "wrong", text) for text in texts]
        if rendered.refusal:
            message = f"a model could not propose it: {rendered.refusal}"
            found.append(Finding(name, state, "props", "note", message))
    return found


def invalid_markup(html: str) -> tuple[str, ...]:
    """Return what is wrong with a slot's HTML."""
    page = f"<!doctype html><title>A state</title><main><section>{html}</section></main>"
    return _errors(page, html)


def silent_faults(html: str, shop: Shop, served: Container[str]) -> Iterator[Silent]:
    """Yield what our policy forbids, or what loads nothing; `served` are the static addresses."""
    root = LexborHTMLParser(html).root
    for node in root.traverse() if root else ():
        given = {name: value or "" for name, value in node.attributes.items()}
        if node.tag == "style":
            yield Silent(r"<style\b", "a <style> is passed over: its rules go into a .css file")
        if node.tag in _EMPTY:
            yield Silent(rf"<{node.tag}\b", f"<{node.tag}> stays empty: link to what it is to show")
        if node.tag == "script" and "src" not in given and given.get("type", "") in _SCRIPTS:
            written = r"<script(?![^>]*(?:\ssrc|json))"
            yield Silent(written, f"a script in a page is not run: {_ELSEWHERE}")
        if node.tag == "img" and "alt" not in given:
            yield Silent(r"<img(?![^>]*\salt)", 'an image has no alt: say what it shows, or alt=""')
        for name, value in given.items():
            if name == "style":
                yield Silent(r"\sstyle\s*=", "style= is passed over: its rules go into a .css file")
            elif name.startswith("on"):
                written = rf"\s{re.escape(name)}\s*="
                yield Silent(written, f"{name}= is not run: {_ELSEWHERE}, as a script")
            elif name in _ADDRESSES and (reason := _unreached(node, name, value, shop, served)):
                yield Silent(re.escape(value), reason)


def _unreached(
    node: LexborNode, name: str, address: str, shop: Shop, served: Container[str]
) -> str:
    """Return why nothing comes of an address, empty where something does."""
    scheme, host, path = _ADDRESS.findall(address.strip())[0]
    is_style = node.tag == "link" and "stylesheet" in (node.attributes.get("rel") or "")
    if scheme.lower() == "javascript:":
        return f"an address of javascript: is not run: {_ELSEWHERE}"
    if host and name in ("action", "formaction"):
        return f"no form is sent to {host}: link to a page there"
    if not host and path.startswith("/static/") and path not in served:
        return f"{path} is not found: files of static/ are named with url.asset"
    if not address or name in ("action", "formaction") or not (node.tag in _HELD or is_style):
        return ""
    if host and node.tag == "img" and f"https://{host.lower()}" in image_hosts(shop):
        return ""
    if host or scheme:
        return f"nothing is loaded from {host or f'{scheme} addresses'}: {_ELSEWHERE}"
    return "" if path.startswith("/") else f"{path} is not found: {_ELSEWHERE}"


@lru_cache(256)
def _errors(page: str, shown: str) -> tuple[str, ...]:
    """Return what a strict parser finds wrong with a page, with the line of what is shown.

    A save changes little of what is drawn, and reading all of it takes as long as drawing it.
    """
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
    return tuple(found)
