"""Decides whether a piece of copy may stand beside the catalog's own text.

A finding is a rule that the copy breaks and the words that break it. Numbers, amounts, offers and
claims are found wherever they stand, and pass where the facts state the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.generation.copy.classifier import LANGUAGES, SENTENCE, Classifier
from app.generation.copy.language import LETTERS, other_language
from app.generation.copy.lexicon import Lexicons
from app.generation.copy.reader import Facts, Reader, Statement, clauses_of
from app.generation.copy.text import fold, spaced_out, words

_CODES = {
    "amount": "PRICE_IN_COPY",
    "number": "NUMBER_NOT_STATED",
    "offer": "OFFER_NOT_STATED",
    "delivery": "DELIVERY_NOT_STATED",
    "guarantee": "GUARANTEE_NOT_STATED",
    "stock": "STOCK_NOT_STATED",
    "urgency": "URGENCY_NOT_STATED",
    "claim": "CLAIM_NOT_STATED",
    "material": "CLAIM_NOT_STATED",
    "superlative": "SUPERLATIVE_NOT_STATED",
    "shopper": "SHOPPER_DESCRIBED",
    "task": "TASK_IN_COPY",
    "banned": "BANNED_WORD",
}
"""The code of a refusal for each kind of section that a word list may have."""

_ARGUABLE = frozenset(_CODES.values()) - {
    "PRICE_IN_COPY",
    "NUMBER_NOT_STATED",
    "TASK_IN_COPY",
    "BANNED_WORD",
}
"""What the lists find is refused by any of these codes unless it sounds like no claim at all."""

_CERTAIN = frozenset(
    f"{kind} {meaning}"
    for kind, meanings in (
        ("claim", "place sustainable climate recycled biodegradable natural vegan fair organic"),
        ("claim", "award heritage novelty proven doctor sleep toxin certification"),
        ("offer", "special saving voucher sale payment"),
        ("stock", "limited"),
    )
    for meaning in meanings.split()
) | {"offer half price", "offer free delivery", "stock in stock"}
"""What the lists are sure to find: however it sounds, it is refused."""

_PROMISES = frozenset(
    ("OFFER_NOT_STATED", "DELIVERY_NOT_STATED", "GUARANTEE_NOT_STATED", "SUPERLATIVE_NOT_STATED")
)
"""What no other word of the catalog makes sound better: free returns are no free delivery, and soft
is not the softest."""

_SOUNDS_LIKE_A_CLAIM, _SOUNDS_LIKE_NONE = 1.6, -1.5
"""Chosen on sentences that nothing had been learned from."""

_PLAIN_SYMBOLS = "©®°"
_EMOJI_PARTS = re.compile("[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]")
_EXCLAMATION = re.compile("[!\u00a1\u01c3]")
_EMPHASIS = r"(?:\*+|_+|`+|~~)"
_MARKDOWN = re.compile(
    rf"(?<![\w*`~]){_EMPHASIS}\w|\w[.,;:?]?{_EMPHASIS}(?!\w)|^[#@]+(?!\d)|[\[\]]|^%\(?[a-zA-Z]"
)
"""A word that is set off in Markdown or is to be filled in, or the sign of a heading, a topic or a
name; not one with a sign inside."""

_NOT_WRITTEN = re.compile(
    r"\W*(?:(?i:undefined|null|none|nan|n/a|tb[acd]|true|false|string|text)|TODO)?\W*"
    r"|.*\b(?:NaN|TODO|undefined\W*$).*"
)
"""What a program leaves where nothing was written."""

_EMPHATIC = {
    "de": "D(?:ER|IE|AS|EN|EM)",
    "en": "THE",
    "es": "EL|L[AO]S?",
    "fr": "L(?:E|A|ES)",
    "it": "IL|L[AEO]",
    "nl": "DE|HET|[Dd][éèÉÈ]|[Hh][éèÉÈ][Tt]",
}
"""Articles, by language, that say with capitals or an accent that there is no other."""

_BANNED_WORD = re.compile(r"\*?[^\W_]+\*?")


_LOOKS = ("EXCLAMATION_IN_COPY", "MARKUP_IN_COPY", "TASK_IN_COPY", "SUPERLATIVE_NOT_STATED")


class Finding(NamedTuple):
    """A rule that copy breaks, and the words that break it, in small letters."""

    code: str
    words: str


class CopyRules:
    """The rules for the copy of one shop.

    `language` is a BCP 47 tag, `currency` an ISO 4217 code. `banned` are words that no copy may
    hold; `allowed` are claims that the merchant vouches for: facts of everything the shop sells.
    """

    def __init__(
        self,
        lexicons: Lexicons,
        *,
        language: str = "en",
        currency: str = "",
        banned: Iterable[str] = (),
        allowed: Iterable[str] = (),
    ) -> None:
        self._lexicons = lexicons
        self._language = language.lower().partition("-")[0]
        self._reader = reader = Reader(lexicons, self._language, currency)
        banned_list = "\n".join(["[banned]", *map(_bare, banned)])
        articles = _EMPHATIC.get(self._language, "(?!)")
        self._emphatic = re.compile(rf"\b(?:{articles})\s+(?=\w*[^\W\d_A-Z])")
        self._banned = Lexicons({"banned": banned_list})
        self._allowed = " . ".join(allowed)
        self._facts = lru_cache(64)(reader.facts)
        self._read = lru_cache(1024)(self._read_anew)

    def check(self, text: str, facts: Iterable[str] = ()) -> tuple[Finding, ...]:
        """Return what copy says or shows that it may not beside these texts of the catalog."""
        looks, statements = self._read(text)
        if not looks and not statements:
            return ()
        known = (*facts, self._allowed)
        found = [finding for finding in looks if not _as_the_catalog_writes(finding, known)]
        unstated = self._unstated(statements, known)
        found += (Finding(_CODES[statement.kind], statement.text) for statement in unstated)
        return tuple(dict.fromkeys(found))

    def weigh(self, text: str, facts: Iterable[str], classifier: Classifier) -> tuple[Finding, ...]:
        """Return the same of a model's copy, weighing what the lists find by how it all sounds."""
        known = (*facts, self._allowed)
        found = self.check(text, known)
        letters = LETTERS[self._language] if self._language in LANGUAGES else None
        learned = letters and all(map(letters.search, filter(str.isalpha, fold(text))))
        if not learned or not _ARGUABLE.issuperset(it.code for it in found):
            return found
        unstated = self._unstated(self._read(text)[1], known)
        if any(it.key.partition(":")[0] in _CERTAIN for it in unstated):
            return found
        read = [self._facts(fact) for fact in known]
        sounds = classifier.likeness(
            text, self._language, lambda word: any(fact.has(word) for fact in read)
        )
        if found:
            promised = not _PROMISES.isdisjoint(it.code for it in found)
            if promised and sounds.score <= _SOUNDS_LIKE_NONE:
                sounds = classifier.likeness(text, self._language, lambda _: False)
            return found if sounds.score > _SOUNDS_LIKE_NONE else ()
        if sounds.score <= _SOUNDS_LIKE_A_CLAIM:
            return ()
        unsaid = " ".join(it for it in SENTENCE.split(text) if not _is_said(it, read))
        if unsaid != text:
            return self.weigh(unsaid, known, classifier) if unsaid else ()
        return self.language([text], known) or (Finding("CLAIM_LIKELY", sounds.words),)

    def language(self, texts: Iterable[str], facts: Iterable[str] = ()) -> tuple[Finding, ...]:
        """Return that texts, together, are in another language than the shop's, if they are."""
        known = (*facts, self._allowed)
        found = other_language(" . ".join(texts), self._language, known, self._lexicons)
        return (Finding("OTHER_LANGUAGE", " ".join(found)),) if found else ()

    def _unstated(
        self, statements: Iterable[Statement], known: Sequence[str]
    ) -> Iterator[Statement]:
        """Yield what no text of the catalog bears out."""
        for statement in statements:
            if not any(self._facts(fact).bear_out(statement) for fact in known):
                yield statement

    def _read_anew(self, text: str) -> tuple[tuple[Finding, ...], tuple[Statement, ...]]:
        """Return how copy looks that it may not, and what it states."""
        looks = (*_looks(text), *self._emphasized_in(text), *self._banned_in(text))
        return looks, tuple(self._reader.statements(text))

    def _emphasized_in(self, text: str) -> Iterator[Finding]:
        for article in self._emphatic.findall(unicodedata.normalize("NFC", text)):
            yield Finding("SUPERLATIVE_NOT_STATED", article.strip())

    def _banned_in(self, text: str) -> Iterator[Finding]:
        if not self._banned["banned"].lines:
            return
        tokens = words(fold(text))
        for hit in self._banned.find(tokens, ("banned",), frozenset(("banned",))):
            yield Finding("BANNED_WORD", " ".join(hit.words[0]))


def _bare(phrase: str) -> str:
    """Return a merchant's words without the signs, but for asterisks, that a list gives meaning."""
    return " ".join(_BANNED_WORD.findall(phrase))


def _looks(text: str) -> Iterator[Finding]:
    """Yield what no copy should look like."""
    readable = unicodedata.normalize("NFKC", text)
    for word in readable.split():
        if _EXCLAMATION.search(word):
            yield Finding("EXCLAMATION_IN_COPY", word)
        if _MARKDOWN.search(word):
            yield Finding("MARKUP_IN_COPY", word)
    strange = "" if readable.isascii() else readable
    if pictures := [char for char in strange if not char.isascii() and _is_picture(char)]:
        yield Finding("EMOJI_IN_COPY", "".join(pictures))
    if _NOT_WRITTEN.fullmatch(readable):
        yield Finding("TASK_IN_COPY", readable)
    for spelled in spaced_out(fold(text)):
        yield Finding("SPACED_LETTERS", spelled)


def _is_said(sentence: str, known: Iterable[Facts]) -> bool:
    """Say whether the catalog says the same word for word."""
    return any(fact.clauses.issuperset(clauses_of(sentence)) for fact in known)


def _as_the_catalog_writes(finding: Finding, facts: Iterable[str]) -> bool:
    """Say whether a word with an exclamation mark or asterisk is the catalog's, as in a title."""
    return finding.code in _LOOKS and any(
        finding.words in unicodedata.normalize("NFKC", fact).split() for fact in facts
    )


def _is_picture(char: str) -> bool:
    symbol = unicodedata.category(char) == "So" and char not in _PLAIN_SYMBOLS
    return symbol or bool(_EMOJI_PARTS.match(char))
