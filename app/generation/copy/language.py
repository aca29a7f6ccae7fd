"""Tells whether copy is in another language than its shop: by its letters, or by common words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from app.generation.copy.lexicon import Lexicons
from app.generation.copy.reader import SCRIPTS
from app.generation.copy.text import fold, words

_LATIN = re.compile("[a-z]")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl")
_ALPHABETS = {
    "a-z": "cs da et fi hr hu id lt lv nb no pt ro sk sl sv tr vi",
    "\u0370-\u03ff": "el",
    "\u0400-\u052f": "bg ru uk",
    "\u0590-\u05ff": "he",
    "\u0620-\u06ff": "fa ur",
    "\u0900-\u097f": "hi mr ne",
    "\u0e00-\u0e7f": "th",
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af": "ko",
    "\u3400-\u9fff": "zh",
}
LETTERS = {
    **SCRIPTS,
    **dict.fromkeys(_LATIN_LANGUAGES, _LATIN),
    **{
        language: re.compile(f"[{letters}]")
        for letters, languages in _ALPHABETS.items()
        for language in languages.split()
    },
}
"""The letters of the languages that we can tell from others, as they are in folded copy."""

_FEWEST_COMMON, _FEWEST_STRANGE = 2, 3
"""Words that must speak for another language: fewer may be a name."""

_MANY_TIMES = 3
"""How many words must speak for another language for each that speaks for the shop's."""


def other_language(
    text: str, language: str, facts: Iterable[str], lexicons: Lexicons
) -> tuple[str, ...]:
    """Return the words by which a text is in another language; none where it may be in its own.

    `language` is an ISO 639 code. Words of the `facts`, the catalog's texts, speak for no other. Of
    languages that we do not know nothing is said.
    """
    script = LETTERS.get(language)
    if script is None:
        return ()
    spoken = [word for word in dict.fromkeys(words(fold(text))) if _LETTER.search(word)]
    if not _strange(spoken, spoken, script, language, lexicons):
        return ()
    known = {word for fact in facts for word in words(fold(fact))}
    unknown = [word for word in spoken if word not in known]
    return _strange(spoken, unknown, script, language, lexicons)


def _strange(
    spoken: Sequence[str],
    unknown: Sequence[str],
    script: re.Pattern[str],
    language: str,
    lexicons: Lexicons,
) -> tuple[str, ...]:
    """Return those of the `unknown` words that show that all together are of another language."""
    strange = tuple(word for word in unknown if not script.search(word))
    own = sum(1 for word in spoken if script.search(word))
    if len(strange) >= max(_FEWEST_STRANGE, own + 1):
        return strange
    if language not in _LATIN_LANGUAGES:
        return ()
    common = {
        word: lexicons.common_in(word, _LATIN_LANGUAGES) for word in spoken if len(word) > 1
    }  # a letter is a word in too many languages
    found: tuple[str, ...] = ()
    for other in _LATIN_LANGUAGES:
        ours = [word for word, its in common.items() if language in its and other not in its]
        theirs = [word for word, its in common.items() if other in its and language not in its]
        theirs = [word for word in theirs if word in unknown]
        if len(theirs) >= max(_FEWEST_COMMON, _MANY_TIMES * len(ours), len(found) + 1):
            found = tuple(theirs)
    return found
