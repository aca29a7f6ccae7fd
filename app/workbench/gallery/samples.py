"""Adds a sample to a component's file, without touching what stands there."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.page import Proposal, Refusal
from app.generation.validate import validate
from app.workbench.player.recordings import NAME
from app.workbench.reload.manager import ContentReloader
from app.workbench.responses import BadRequest
from app.workbench.safe_write import NotWritten, Overtaken, place, write


def add_sample(live: ContentReloader, root: Path, payload: Mapping[str, Any]) -> str:
    """Add a config as a sample to the file as it is now; return what to say about it.

    Raises:
        BadRequest: no such component, the name is none or taken, or the shop would refuse it.
        Overtaken: the file has a sample of this name by now, or is not one of samples.
        NotWritten: the file could not be written.
    """
    component, name, config = (
        str(payload.get("component")),
        str(payload.get("name")),
        payload.get("config"),
    )
    specs = live.version.content.library.specs
    spec = specs.get(component)
    if spec is None or not isinstance(config, dict):
        raise BadRequest("there is no such component")
    if not NAME.fullmatch(name):
        raise BadRequest("a sample's name is of small letters, digits and dashes")
    if name in {sample.name for sample in spec.samples}:
        raise BadRequest(f"there is a sample named {name} already")
    shop = live.version.content.catalogs.default
    context = live.renderer.props_context(shop)
    verdict = validate(Proposal(component, spec.slots[0], config), specs, context, set())
    if isinstance(verdict, Refusal):
        raise BadRequest(f"a model could not propose this: {verdict.code} {verdict.where}")
    file = f"components/{component}.samples.json"
    before = _read(place(root, file), file)
    after = with_sample(before, name, config)
    write(root, file, after.encode(), instead_of=before)
    return f"Saved as {name} in {file}"


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotWritten(f"{name}: {error.strerror}") from error


def with_sample(content: bytes, name: str, config: Mapping[str, Any]) -> str:
    """Return a file of samples with one more at its end.

    Raises:
        Overtaken: the file is no list of samples just now, or has one of this name.
    """
    try:
        text = content.decode()
        items = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise Overtaken("the file of samples cannot be read just now; repair it first") from None
    if not isinstance(items, list):
        raise Overtaken("the file of samples is no list")
    if any(isinstance(item, dict) and item.get("name") == name for item in items):
        raise Overtaken(f"there is a sample named {name} already")
    written = json.dumps({"name": name, "config": config}, indent=2, ensure_ascii=False)
    before = text.rstrip()[:-1].rstrip()
    added = f"{',' if items else ''}\n{textwrap.indent(written, '  ')}\n]\n"
    return before + (added.replace("\n", "\r\n") if "\r\n" in before else added)
