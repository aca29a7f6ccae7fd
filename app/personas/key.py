"""Persona -> persona hash, and shopper + hash -> the key a page is kept under.

Numbers and shapes are the platform's contract; the Worker computes the same from shared vectors.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata

from app.domain.persona import PageKey, Persona, Shopper

VERSION = 2
"""Raised whenever bands or canonical form change, so that old hashes never mean something new."""

ORDER_VALUE_BANDS = (1, 25, 50, 100, 200, 400)
SENSITIVITY = {"low": 0, "medium": 1, "high": 2}
CONFIDENCE_STEP = 5
"""Percent."""

PERSONAL_FROM = 55
"""Percent of confidence from which a shopper's page regards what they did themselves."""

MAX_NAMES = 3
MAX_NAME_LENGTH = 64
DIGEST_DIGITS = 12


def persona_hash(persona: Persona) -> str:
    """Return `v{version}_{type}_{confidence}_{digest}`, equal for like shoppers."""
    confidence = confidence_band(persona.confidence)
    signals = persona.signals
    banded = {
        "avg_order_value": sum(signals.avg_order_value >= edge for edge in ORDER_VALUE_BANDS),
        "browsing_patterns": sorted(_names(signals.browsing_patterns)),
        "category_preferences": sorted(_names(signals.category_preferences)),
        "price_sensitivity": SENSITIVITY[signals.price_sensitivity],
    }
    canonical = json.dumps(
        {"type": persona.type, "confidence": confidence, "signals": banded},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:DIGEST_DIGITS]
    return f"v{VERSION}_{persona.type}_{confidence}_{digest}"


def page_key(shopper: Shopper, arm: str = "") -> PageKey:
    """Return the key of the shopper's current page; an arm has pages of its own."""
    persona = persona_hash(shopper.persona)
    return PageKey(shopper.id, f"{persona}.{arm}" if arm else persona)


def arm_in(hash_of_page: str) -> str:
    """Return the arm that a page's hash names, empty where it is of none."""
    return hash_of_page.partition(".")[2]


def is_for_all(hash_of_page: str) -> bool:
    """Say whether a page is for all shoppers of a kind, since too little is known of each."""
    return _confidence_in(hash_of_page) < PERSONAL_FROM


def is_newcomers(hash_of_page: str) -> bool:
    """Say whether a page is for shoppers of whom nothing is known, whatever arm they are in."""
    return not _confidence_in(hash_of_page)


def _confidence_in(hash_of_page: str) -> int:
    return int(hash_of_page.partition(".")[0].split("_")[-2])


def confidence_band(confidence: float) -> int:
    """Return a confidence (0..1) as a percentage, rounded down to a multiple of the step."""
    thousandths = math.floor(min(max(confidence, 0.0), 1.0) * 1000 + 0.5)
    return thousandths // (10 * CONFIDENCE_STEP) * CONFIDENCE_STEP


def _names(names: tuple[str, ...]) -> list[str]:
    """Return the first few distinct names, folded so that spelling does not part like shoppers."""
    folded = (_folded(name) for name in names)
    return list(dict.fromkeys(name for name in folded if name))[:MAX_NAMES]


def _folded(name: str) -> str:
    well_formed = name.encode("utf-8", "replace").decode()
    return " ".join(unicodedata.normalize("NFC", well_formed).lower().split())[:MAX_NAME_LENGTH]
