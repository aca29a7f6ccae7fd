"""Scenarios and recorded answers, read from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from .scenario import Scenario

_RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
_SCENARIO = TypeAdapter(Scenario)


def recording(name: str) -> str:
    """Return a recorded answer: compact, pretty, lines or long."""
    return (_RECORDINGS / f"{name}.txt").read_text("utf-8").removesuffix("\n")


def load_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Read one scenario, or a list of them, from JSON with the dataclasses' own names.

    `recording` in place of `text` names a recorded answer.

    Raises:
        ValueError: a name is unknown or a value does not fit.
    """
    read = json.loads(path.read_text("utf-8"))
    return tuple(_scenario(entry) for entry in (read if isinstance(read, list) else [read]))


def _scenario(entry: dict[str, Any]) -> Scenario:
    if "recording" in entry:
        entry = {**entry, "text": recording(entry["recording"])}
        del entry["recording"]
    return _SCENARIO.validate_json(json.dumps(entry), strict=True)
