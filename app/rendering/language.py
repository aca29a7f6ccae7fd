"""A language's words from message catalogs, and its numbers and prices as CLDR writes them."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from app.domain.catalog import Money
from app.rendering.po import PoError, read_po
from app.util.errors import OperatorError

CLDR = Path(__file__).with_name("cldr.jsonl")
"""A line each for the locales whose forms differ from those of their language; see
tools/cldr_formats.py."""

USUAL = "en"
"""What messages are written in, and what is spoken where a language has no catalog."""

TAGS = 64
"""Languages held at a time; a shop has one."""

_PRICES = 1_000
"""Amounts of which a language remembers how it writes them: shops ask much the same for things."""

_NO_BREAK = "\u00a0"
_SENTENCE_END = r"(?<=[.!?؟])\s+|(?<=[。！？])(?!$)|\n+"  # noqa: RUF001 - they end it


class MessagesError(OperatorError):
    """A message catalog cannot be read; the message names its language, line and fault."""


class Formats(NamedTuple):
    """How CLDR writes a locale's numbers and amounts.

    `groups` are the sizes of the last group of digits and of those before it, and `fewest` the
    digits that must stand before the first separator. `pattern` has `0` for the number and a
    currency sign for the sign; `signs` are those that are not the currency's code.
    """

    english: str
    name: str
    direction: str
    decimal: str
    group: str
    groups: tuple[int, int]
    fewest: int
    digits: str
    pattern: str
    signs: Mapping[str, str]
    places: Mapping[str, int]

    def number(self, value: Decimal) -> str:
        """Return a number that is not negative, with as many places as it has."""
        whole, _, fraction = f"{value:f}".partition(".")
        last, others = self.groups
        grouped = [whole]
        if len(whole) >= last + self.fewest:
            head, grouped = whole[:-last], [whole[-last:]]
            while head:
                head, grouped = head[:-others], [head[-others:], *grouped]
        text = self.group.join(grouped) + (self.decimal + fraction if fraction else "")
        return text.translate({ord("0") + at: sign for at, sign in enumerate(self.digits)})

    def money(self, value: Money) -> str:
        """Return an amount with its sign, set apart from the number where it is a word.

        It has the places that are usual in its currency, two where fewer would change it.
        """
        places = self.places.get(value.currency, self.places[""])
        tried = (places, max(places, 2))
        usual, exact = (value.amount.quantize(Decimal(1).scaleb(-each)) for each in tried)
        number = self.number(usual if usual == exact else exact)
        sign = self.signs.get(value.currency, value.currency)
        before, _, after = self.pattern.partition("0")
        if before.endswith("¤") and sign[-1].isalpha():
            before += _NO_BREAK
        if after.startswith("¤") and sign[0].isalpha():
            after = _NO_BREAK + after
        return f"{before}{number}{after}".replace("¤", sign)


class Language:
    """How pages in one language speak. `tag` is BCP 47's, `name` what its speakers call it."""

    def __init__(self, tag: str, formats: Formats, words: NullTranslations) -> None:
        self.tag = tag
        self.direction = formats.direction
        self.name = formats.name
        self.gettext = words.gettext
        self.money = lru_cache(_PRICES)(formats.money)
        self._formats = formats
        self._words = words

    def number(self, value: int) -> str:
        """Return a count as the language writes it."""
        return self._formats.number(Decimal(value))

    def globals(self) -> dict[str, Any]:
        """Return what templates call: gettext's functions, which take what messages name.

        A message is text and is escaped, as what it names is, unless that is markup already.
        """

        def gettext(message: str, **named: object) -> Markup:
            return escape(self._words.gettext(message)) % named

        def ngettext(singular: str, plural: str, num: int, **named: object) -> Markup:
            count = int(num)  # what a template does not know is said to be unknown here
            text = self._words.ngettext(singular, plural, count)
            return escape(text) % {"num": self.number(count), **named}

        def pgettext(context: str, message: str, **named: object) -> Markup:
            return escape(self._words.pgettext(context, message)) % named

        return {
            "_": gettext,
            "gettext": gettext,
            "ngettext": ngettext,
            "pgettext": pgettext,
            "number": self.number,
            "money": self.money,
            "language": self,
        }


class Languages:
    """The languages that pages can be in: message catalogs by their folder's name, as `pt_BR`.

    Those of one language follow each other: what the first does not say, the next may.
    """

    def __init__(self, catalogs: Mapping[str, Sequence[str]] | None = None) -> None:
        self._catalogs = {_key(name): texts for name, texts in (catalogs or {}).items()}
        text = json.dumps(sorted(self._catalogs.items()), default=list)
        self.digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.of = lru_cache(TAGS)(self._language)

    @property
    def tags(self) -> tuple[str, ...]:
        """The languages that have words of their own."""
        return tuple(sorted({USUAL, *self._catalogs}))

    def has_words(self, tag: str) -> bool:
        """Say whether pages in a language have words of their own."""
        return not set(self.tags).isdisjoint(likely(tag))

    def _language(self, tag: str) -> Language:
        """Return a language by its BCP 47 tag.

        Raises:
            MessagesError: one of its catalogs cannot be read.
        """
        words = NullTranslations()
        for name in likely(tag):
            for text in self._catalogs.get(name, ()):
                try:
                    words.add_fallback(read_po(text))
                except PoError as error:
                    raise MessagesError(f"locale/{name}, line {error.line}: {error}") from error
        return Language(tag, formats_of(tag), words)


def opening(text: str) -> tuple[str, str]:
    """Return the first sentence of a text, and all that comes after it."""
    first, *rest = re.split(_SENTENCE_END, text.strip(), maxsplit=1)
    return first, "".join(rest)


def likely(tag: str) -> list[str]:
    """Return the names under which a language may be found, the closest first: pt-br, pt."""
    parts = _key(tag).split("-")
    return ["-".join(parts[:size]) for size in range(len(parts), 0, -1)]


def _key(name: str) -> str:
    return name.replace("_", "-").lower()


@lru_cache(TAGS)
def formats_of(tag: str) -> Formats:
    """Return a locale's forms, those of English where CLDR does not know the language."""
    lines = CLDR.read_bytes()
    shared = json.loads(lines[: lines.index(b"\n")])
    places = (lines.find(f'\n{{"{name}"'.encode()) + 1 for name in (*likely(tag), USUAL))
    at = next(filter(None, places))
    (own,) = json.loads(lines[at : lines.index(b"\n", at)]).values()
    return Formats(
        **{
            **own,
            "groups": tuple(own["groups"]),
            "signs": {**shared["signs"], **own["signs"]},
            "places": shared["places"],
        }
    )
