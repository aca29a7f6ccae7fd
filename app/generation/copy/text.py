"""Folds a text so that words compare however they are written, and cuts it into tokens.

Case, accents, widths, invisible characters, look-alike letters and the world's digits make no
difference afterwards. Scripts without spaces are cut character by character, so that a phrase is a
sequence of tokens in every language.
"""

from __future__ import annotations

import re
import unicodedata

_SPELLED = {"æ": "ae", "œ": "oe", "þ": "th", "\u0649": "\u064a", "\u0629": "\u0647"}
_SPELLED |= {"\u06a9": "\u0643", "\u06cc": "\u064a"}  # Persian letters, as Arabic has them
_SIGNS = {"\u066b": ".", "\u066c": ",", "\u066a": "%", "\u2212": "-", "\u2010": "-"}
_SIGNS |= {"\u2019": "'", "\u0640": ""}  # an apostrophe; what only stretches an Arabic word
_LATIN = re.compile(
    r"LATIN (?:(?:SMALL|CAPITAL) LETTER(?: DOTLESS)?|LETTER SMALL CAPITAL) ([A-Z])(?: WITH .*)?"
)
_LOOK_ALIKE = str.maketrans(
    "аеорсухівѕјкмтнԁԛԝгαεορτυνκιχ",
    "aeopcyxibsjkmthdqwraeoptuvkix",
)
_MIXED = re.compile(r"[a-z][\u0370-\u052f]|[\u0370-\u052f][a-z]")
_LETTERS = re.compile(r"[^\W\d_]+")
_KANA = ("HIRAGANA", "KATAKANA")
_SHORTEST = 3
_ACCUSATIVE = re.compile(".{3,}[^\u0647]\u0627")
"""A noun of Arabic that ends in "an", as it is written; "ha" is a pronoun."""


class _Fold(dict[int, str]):
    """What each character folds to, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = self._folded(chr(code))
        return folded

    def _folded(self, char: str) -> str:
        kind = unicodedata.category(char)
        if char in _SIGNS:
            return _SIGNS[char]
        if kind == "Nd":
            return str(unicodedata.digit(char))
        if kind in ("Mn", "Me", "Cf"):
            return ""
        if kind[0] == "Z" or kind == "Cc":
            return " "
        if unicodedata.name(char, "").startswith(_KANA):
            return char
        parts = unicodedata.normalize("NFD", char)
        base = "".join(part for part in parts if not unicodedata.combining(part))
        latin = _LATIN.fullmatch(unicodedata.name(base, "")) if len(base) == 1 else None
        lower = latin[1].lower() if latin else base.casefold()
        return _SPELLED.get(lower, lower)


_FOLD = _Fold()
_HAN = "\u3005\u3007\u3041-\u3096\u3400-\u9fff"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
_MONEY = "$¢£¤¥֏؋৲৳৻૱௹฿៛\u20a0-\u20c0\ua838"
_TOKEN = re.compile(
    r"\d{1,3}(?:[ .,']\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,\u2044]\d+)?"
    rf"|[{_HAN}]|[{_KATAKANA}]+|[^\W\d_{_HAN}{_KATAKANA}]+|[{_MONEY}%‰°]"
)
_MONEY_SIGN = re.compile(f"[{_MONEY}]")
_INSIDE = re.compile(r"(?<=[^\W\d_])(?:[^\w\s']|_)+(?=[^\W\d_])|(?<=[^\W\d_]{2})'(?=[^\W\d_]{2})")
_LETTER = "[a-z\u0370-\u052f\u0620-\u06ff]"
_SPACED = re.compile(rf"(?<![^\W_])(?:{_LETTER}[^\w&]{{1,3}}|{_LETTER}_){{3,}}{_LETTER}(?![^\W_])")


def fold(text: str) -> str:
    """Return a text without the differences of writing that do not change what it says."""
    if text.isascii():
        return text.casefold()
    folded = unicodedata.normalize("NFKC", text).translate(_FOLD)
    if _MIXED.search(folded):
        folded = _LETTERS.sub(_unmixed, folded)
    return folded


def _unmixed(found: re.Match[str]) -> str:
    """Read a word of two alphabets as Latin where its letters look like it."""
    return found[0].translate(_LOOK_ALIKE) if _MIXED.search(found[0]) else found[0]


def words(folded: str) -> list[str]:
    """Cut a folded text into its words, numbers and signs."""
    return _TOKEN.findall(folded)


def is_money(word: str) -> bool:
    """Say whether a token is a sign of money."""
    return bool(_MONEY_SIGN.fullmatch(word))


def joined(folded: str) -> str:
    """Return a folded text with its words as they read without the signs inside them."""
    return _INSIDE.sub("", folded)


def spaced_out(folded: str) -> list[str]:
    """Return what is written letter by letter, which no honest copy is."""
    return _SPACED.findall(folded)


def forms(word: str) -> tuple[str, ...]:
    """Return a word as it stands and, in Arabic, without what is written in one word with it.

    That is what comes before it, and the ending of a noun in the accusative.
    """
    if not "\u0620" <= word[0] <= "\u06ff":
        return (word,)
    found = [word]
    for clitics in ("وف", "بكل"):
        found += [form[1:] for form in found if form[0] in clitics and len(form) > _SHORTEST]
    found += [form[2:] for form in found if form[:2] in ("ال", "لل") and len(form) > _SHORTEST]
    found += [form[:-1] for form in found if _ACCUSATIVE.fullmatch(form)]
    return tuple(dict.fromkeys(found))
