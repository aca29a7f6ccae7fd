"""Writes the vectors that Python and TypeScript both must agree with: `python -m tests.contract`.

Files are JSON in ASCII, so that lone surrogates and unusual spellings survive every editor. What is
expected comes from the container's own code; tests beside it state the rules by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contract import (
    accepts,
    baskets,
    beacons,
    consents,
    cookies,
    crawlers,
    experiments,
    facts,
    hashes,
    listing_queries,
    networks,
    rate_limits,
    rules,
    stored_pages,
    stored_personas,
)

FOLDER = Path(__file__).resolve().parent
Vectors = Sequence[Mapping[str, Any]]
FILES: Mapping[str, Callable[[], Vectors]] = {
    "accept.json": accepts.vectors,
    "basket.json": baskets.vectors,
    "beacon.json": beacons.vectors,
    "consent.json": consents.vectors,
    "cookie.json": cookies.vectors,
    "crawlers.json": crawlers.vectors,
    "experiments.json": experiments.vectors,
    "facts.json": facts.vectors,
    "listing_query.json": listing_queries.vectors,
    "network.json": networks.vectors,
    "persona_hash.json": hashes.vectors,
    "persona_rules.json": rules.vectors,
    "rate_limit.json": rate_limits.vectors,
    "stored_page.json": stored_pages.vectors,
    "stored_persona.json": stored_personas.vectors,
    "views.json": experiments.views,
}


def written(name: str) -> str:
    """Return a file of vectors as text, a vector a line."""
    lines = [json.dumps(vector, separators=(",", ":")) for vector in FILES[name]()]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def write() -> None:
    """Write every file."""
    for name in FILES:
        (FOLDER / name).write_text(written(name), "ascii")
