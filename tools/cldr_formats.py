"""Writes app/rendering/cldr.jsonl: how locales write numbers and prices, from CLDR by Babel.

    pip install babel jinja2 && python -m tools.cldr_formats

Babel is needed here alone. The first line has what all share: currencies' signs, and how many
places they have. Then comes a line for each language, and for each locale that differs from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from babel.core import Locale, get_global
from babel.localedata import locale_identifiers

from app.rendering.language import CLDR

_NUMBER = re.compile(r"[#0,]*0(?:\.0+)?")
_LATIN = "latn"
_ZEROS = {
    "adlm": "\U0001e950",
    "arab": "\u0660",
    "arabext": "\u06f0",
    "beng": "\u09e6",
    "cakm": "\U00011136",
    "deva": "\u0966",
    "hmnp": "\U0001e140",
    "mtei": "\uabf0",
    "mymr": "\u1040",
    "nkoo": "\u07c0",
    "olck": "\u1c50",
    "tibt": "\u0f20",
}
"""The digits of numbering systems, by their zero: Babel does not have them."""

_FEWEST = dict.fromkeys(
    "be bg es et hu hy ia ie it ka lv pl pt_PT sl sq".split(),  # noqa: SIM905 - a line, not fifteen
    2,
)
_FEWEST |= {"es_419": 1}
"""CLDR's minimumGroupingDigits where it is not that of the parent, which Babel does not have:
1.234 has no separator in Spain."""


def shared() -> dict[str, Any]:
    """Return the signs that most locales use, and the places of currencies."""
    fractions: Mapping[str, tuple[int, ...]] = get_global("currency_fractions")
    usual = fractions["DEFAULT"][0]
    places = {code: given[0] for code, given in fractions.items() if given[0] != usual}
    signs = {c: s for c, s in Locale.parse("en_001").currency_symbols.items() if s != c}
    return {"signs": signs, "places": {"": usual, **dict(sorted(places.items()))}}


def formats(name: str, signs: Mapping[str, str]) -> dict[str, Any]:
    """Return how a locale writes numbers and amounts, as app.rendering.language.Formats has it."""
    locale = Locale.parse(name)
    system = locale.default_numbering_system
    symbols = {**locale.number_symbols[_LATIN], **locale.number_symbols[system]}
    pattern = locale.currency_formats["standard"].pattern.partition(";")[0]
    number = _NUMBER.search(pattern)
    assert number, f"{name}: {pattern}"
    _, *groups = number[0].partition(".")[0].split(",")
    sizes = [len(group) for group in reversed(groups)] or [3]
    zero = _ZEROS.get(system, "")
    return {
        "english": locale.english_name,
        "name": locale.get_language_name(name) or locale.english_name,
        "direction": "rtl" if locale.character_order == "right-to-left" else "ltr",
        "decimal": symbols["decimal"],
        "group": symbols["group"],
        "groups": [sizes[0], sizes[-1]],
        "fewest": _fewest(name),
        "digits": "".join(chr(ord(zero) + at) for at in range(10)) if zero else "",
        "pattern": _NUMBER.sub("0", pattern, count=1),
        "signs": {
            code: sign
            for code, sign in sorted(locale.currency_symbols.items())
            if sign != signs.get(code, code)
        },
    }


def _fewest(name: str) -> int:
    """Return how many digits stand before the first separator, or none does."""
    parents: Mapping[str, str] = get_global("parent_exceptions")
    while name:
        if name in _FEWEST:
            return _FEWEST[name]
        name = parents.get(name) or name.rpartition("_")[0]
    return 1


def lines() -> Iterator[dict[str, Any]]:
    """Yield what the file holds: what all share, then each locale."""
    common = shared()
    yield common
    written: dict[str, dict[str, Any]] = {}
    for name in sorted(locale_identifiers()):
        key = name.replace("_", "-").lower()
        found = formats(name, common["signs"])
        inherited = written.get(key.rpartition("-")[0], {})
        names = {own: inherited.get(own, found[own]) for own in ("english", "name")}
        written[key] = {**found, **names}
        if written[key] != inherited:
            yield {key: written[key]}


if __name__ == "__main__":
    texts = (json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines())
    CLDR.write_text("".join(f"{text}\n" for text in texts))
