"""Writes prompts/words/cldr: how currencies and units are named, from CLDR as Babel packs it.

    pip install babel && python -m tools.cldr_words

Babel is needed here alone. A currency is listed by its code, its signs in all locales, and in each
language of the word lists by the noun in its names ("Swedish krona" by "krona"), with the words
that may stand before it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import babel
from babel.core import Locale
from babel.localedata import locale_identifiers

from app.generation.copy.text import fold, is_money, words
from app.settings import ROOT

FOLDER = ROOT / "prompts" / "words" / "cldr"
LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "nl", "pl")
REGIONS = {"en": ["en", "en_GB"], "es": ["es", "es_MX"]}
"""Where a language spells its units in two ways."""

NOUN_COMES_LAST = ("de", "en", "ja", "nl")
NO_MONEY = re.compile(r"X(?!AF|OF|PF|CD)..|BOV|CH[EW]|CL[EF]|COU|MXV|US[NS]|UY[IW]|ZZZ")
"""Metals, funds, units of account and codes for tests."""

CODES_LIKE_WORDS = frozenset(
    [
        "ALL",
        "BAM",
        "BAN",
        "BOB",
        "COP",
        "CUP",
        "DEM",
        "GEL",
        "MAD",
        "MOP",
        "PEN",
        "RUB",
        "SOS",
        "TOP",
        "TRY",
    ]
)
CLEAR_SIGNS = frozenset(map(fold, ["kr", "zł", "Kč", "Ft", "Rs", "Rp", "RM", "Fr", "円", "元"]))
OTHERWISE_MEANT = {
    "de": "real mark lei leu sol som lew rand",
    "en": "real pound mark marks sol won rand colon som lev kip para pula lek leu lei unit ruble",
    "es": "nuevo nuevos antiguo antiguos unidad unidades sol soles real reales peso pesos colón "
    "corona coronas libra libras marco marcos lev som",
    "fr": "nouveau nouveaux ancien unité unités coupon coupons livre livres couronne couronnes "
    "mark marks real sol som lev rand leu",
    "it": "nuovo nuovi antico leone leoni unidad corona corone lira lire reale reali marco marchi "
    "sol som lev rand real",
    "nl": "pond ponden kroon kronen mark real sol som lev rand leu kip",
    "pl": "nowa nowe nowych korona korony koron funt funty funtów marka marki marek real sol som "
    "rand",
}
"""Nouns that mean something else as well: they count in a shop of that currency."""

UNITS = {
    "percent": {"concentr-percent": "1", "concentr-permille": "0.1"},
    "length": {
        "length-millimeter": "0.001",
        "length-centimeter": "0.01",
        "length-decimeter": "0.1",
        "length-meter": "1",
        "length-kilometer": "1000",
        "length-inch": "0.0254",
        "length-yard": "0.9144",
        "length-mile": "1609.344",
    },
    "area": {
        "area-square-centimeter": "0.0001",
        "area-square-meter": "1",
        "area-hectare": "10000",
    },
    "volume": {
        "volume-milliliter": "0.001",
        "volume-centiliter": "0.01",
        "volume-deciliter": "0.1",
        "volume-liter": "1",
        "volume-fluid-ounce": "0.0295735295625",
        "volume-pint": "0.473176473",
        "volume-gallon": "3.785411784",
        "volume-cubic-centimeter": "0.001",
    },
    "mass": {
        "mass-milligram": "0.000001",
        "mass-gram": "0.001",
        "mass-kilogram": "1",
        "mass-ounce": "0.028349523125",
        "mass-pound": "0.45359237",
        "mass-tonne": "1000",
        "mass-carat": "0.0002",
    },
    "time": {
        "duration-second": "1",
        "duration-minute": "60",
        "duration-hour": "3600",
        "duration-day": "86400",
        "duration-week": "604800",
        "duration-month": "2629746",
        "duration-year": "31556952",
        "duration-decade": "315569520",
        "duration-century": "3155695200",
    },
    "temperature": {"temperature-celsius": "1", "temperature-fahrenheit": "0.55555"},
    "power": {"power-watt": "1", "power-kilowatt": "1000"},
    "light": {"light-lumen": "1", "light-lux": "1.0001"},
    "energy": {
        "energy-kilocalorie": "1",
        "energy-kilojoule": "0.239",
        "energy-kilowatt-hour": "860.4",
    },
    "voltage": {"electric-volt": "1"},
    "gold": {"concentr-karat": "1"},
}
"""What a unit measures, and how many of the first unit of that measure it is."""

SHORT_WORDS = frozenset("a an in d j w y t c f r s b wo".split())  # noqa: SIM905
"""Signs of units that are words, or parts of words."""


def phrase(name: str) -> str:
    """Return a name without what stands for the number, in words that a list can hold."""
    bare = re.sub(r"\([^)]*\)|\{0\}|\d+", " ", name)
    return " ".join(words(fold(bare)))


def section(name: str, names: Iterable[str]) -> str:
    """Return a section of a list with all names on one line."""
    spelled = [name.replace(" ", "_") for name in sorted(names)]
    return f"[{name}]\n({'|'.join(spelled)})\n"


def units(language: str) -> Iterator[str]:
    """Yield the units of measure as a language names them, by what they measure."""
    data = [Locale.parse(name)._data for name in REGIONS.get(language, [language])]  # noqa: SLF001
    patterns = [part["unit_patterns"] for part in data]
    for measure, kinds in UNITS.items():
        for unit, factor in kinds.items():
            forms = {
                phrase(form)
                for pattern in patterns
                for width in ("long", "short")
                for count, form in pattern[unit].get(width, {}).items()
                if isinstance(form, str) and count != "per"
            }
            usable = {form for form in forms if form and form not in SHORT_WORDS}
            if usable:
                yield section(f"measure {measure} {factor}", usable)


def money() -> dict[str, str]:
    """Return the currencies of CLDR: code -> English name."""
    names = Locale.parse("en").currencies
    return {code: names[code] for code in sorted(names) if not NO_MONEY.fullmatch(code)}


def currencies(language: str) -> Iterator[str]:
    """Yield the nouns of currencies' names, those together that name the same currencies."""
    unclear = set(fold(OTHERWISE_MEANT.get(language, "")).split())
    data = Locale.parse(language)._data  # noqa: SLF001 - Babel gives one form at a time
    named: defaultdict[str, set[str]] = defaultdict(set)
    for code in money():
        names = {
            data["currency_names"].get(code),
            *data["currency_names_plural"].get(code, {}).values(),
        }
        for said in (phrase(name).split() for name in names if name):
            if said:
                named[said[-1] if language in NOUN_COMES_LAST else said[0]].add(code)
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for noun, codes in named.items():
        option = "; unclear" if noun in unclear else ""
        groups[f"currency {' '.join(sorted(codes))}{option}"].add(noun)
    yield from (section(name, found) for name, found in sorted(groups.items()))


def signs() -> Iterator[str]:
    """Yield every code, and every sign by which some locale writes a currency."""
    codes = money()
    yield section("measure percent 1", ["%"])
    yield section("measure percent 0.1", ["‰"])
    yield section("currency; code", [code for code in codes if code not in CODES_LIKE_WORDS])
    yield section("currency; code unclear", CODES_LIKE_WORDS)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name in locale_identifiers():
        for code, sign in Locale.parse(name).currency_symbols.items():
            said = phrase(sign)
            if code in codes and said and code.lower() not in said:
                found[said].add(code)
    for said, meant in sorted(found.items()):
        clear = is_money(said[-1]) or said in CLEAR_SIGNS
        option = "" if clear else "; unclear"
        yield section(f"currency {' '.join(sorted(meant))}{option}", [said])


def main() -> None:
    """Write the lists."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    head = (
        f"// Generated by tools/cldr_words.py from CLDR (Babel {babel.__version__}): do not edit.\n"
    )
    for language in LANGUAGES:
        text = "\n".join([head, *units(language), *currencies(language)])
        (FOLDER / f"{language}.txt").write_text(text, "utf-8")
    (FOLDER / "und.txt").write_text("\n".join([head, *signs()]), "utf-8")


if __name__ == "__main__":
    main()
