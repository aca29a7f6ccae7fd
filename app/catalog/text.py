"""Texts of a feed, which may hold HTML and worse, as plain text that is safe to show."""

from __future__ import annotations

import re
import unicodedata

from app.catalog.html_text import shown_text

LONGEST_LINE = 200
LONGEST_DESCRIPTION = 4_000

_MARKUP_A_CHARACTER = 8
"""Markup read for each character of text that may come of it: bounds the work."""

_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""What str.isprintable() lets pass although nobody can see it."""


def plain(markup: str, most: int = LONGEST_LINE) -> str:
    """Return the text: no tags, no hidden characters, spaces folded, NFC, `most` characters."""
    text = _cut(markup, most * _MARKUP_A_CHARACTER)
    if "<" in text or "&" in text:
        text = shown_text(text)
    return unicodedata.normalize("NFC", _visible(text)[:most])[:most].rstrip()


def plain_all(markups: list[str], most: int) -> tuple[str, ...]:
    """Return the first texts that are not empty, each once."""
    texts = (plain(markup) for markup in markups[: most * 2])
    return tuple(dict.fromkeys(text for text in texts if text))[:most]


def slug(text: str) -> str:
    """Return the text as lower-case letters, digits and hyphens: at most 40, perhaps none."""
    return re.sub(r"[^a-z0-9]+", "-", text[:LONGEST_LINE].lower()).strip("-")[:40].strip("-")


def _cut(markup: str, most: int) -> str:
    """Cut, but not through a tag, half of which would read as text."""
    if len(markup) <= most:
        return markup
    cut = markup[:most]
    opened = cut.rfind("<")
    return cut[:opened] if opened > cut.rfind(">") else cut


def _visible(text: str) -> str:
    folded = " ".join(_BLANK.sub("", text).split())
    if folded.isprintable():
        return folded
    return " ".join("".join(filter(str.isprintable, folded)).split())
