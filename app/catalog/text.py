"""Texts of a feed, which may hold HTML and worse, as plain text that is safe to show."""

from __future__ import annotations

import re
import unicodedata

from app.util.joiners import drop_loose

LONGEST_LINE = 200
LONGEST_DESCRIPTION = 4_000

_MARKUP_A_CHARACTER = 8
"""Markup read for each character of text that may come of it. It bounds the work: building a tree
takes time that can grow with the square of what is never closed, and strangers write feeds."""

_PLAIN = re.compile(r"(?:[!-%'-;=?-~]+(?: [!-%'-;=?-~]+)*)?")
"""Text that stays as it is, as most of a feed does: ASCII, with nothing of markup in it."""

_EMBEDDED = re.compile(r"\bdata:[a-z]+/[^\s\"'<>]*+")
"""A file written into the text. It holds no words, and is longer than all of them."""

_SILENT = ["script", "style", "template", "wbr"]
_INLINE = (  # noqa: SIM905 - a list would take a line a word
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike "
    "strong sub sup tt u var"
).split()
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0e\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""What str.isprintable() lets pass although nobody can see it."""


def plain(markup: str, limit: int = LONGEST_LINE) -> str:
    """Return the text: no tags, no hidden characters, spaces folded, NFC, `limit` characters."""
    return shorten(markup, limit)[0]


def shorten(markup: str, limit: int) -> tuple[str, bool]:
    """Return the text as `plain` does, and whether some of it was left out for its length."""
    if len(markup) <= limit and _PLAIN.fullmatch(markup):
        return markup, False
    markup, cut = _cut(markup, limit * _MARKUP_A_CHARACTER)
    text = _visible(_shown(markup))
    composed = unicodedata.normalize("NFC", text[:limit])
    cut = cut or len(text) > limit or len(composed) > limit
    return drop_loose(composed[:limit]).rstrip(), cut


def plain_all(markups: list[str], limit: int) -> tuple[str, ...]:
    """Return the first texts that are not empty, each once."""
    texts = (plain(markup) for markup in markups[: limit * 2])
    return tuple(dict.fromkeys(text for text in texts if text))[:limit]


def slug(text: str) -> str:
    """Return the text as lower-case letters, digits and hyphens: at most 40, perhaps none."""
    return re.sub(r"[^a-z0-9]+", "-", text[:LONGEST_LINE].lower()).strip("-")[:40].strip("-")


def _cut(markup: str, limit: int) -> tuple[str, bool]:
    """Cut, but not through a tag, half of which would read as text."""
    if len(markup) > limit:
        markup = _EMBEDDED.sub("", markup)
    if len(markup) <= limit:
        return markup, False
    cut = markup[:limit]
    opened = cut.rfind("<")
    return cut[:opened] if opened > cut.rfind(">") else cut, True


def _shown(markup: str) -> str:
    """Return the text that HTML shows: blocks set apart by spaces, scripts and styles left out."""
    end = markup.rfind(">") + 1
    if "<" not in markup[:end]:
        if "&" not in markup.replace("& ", ""):
            return markup
        from html import unescape  # noqa: PLC0415 - feeds without references need none

        return unescape(markup)
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - feeds without tags need none

    tree = LexborHTMLParser(markup[:end] + markup[end:].replace("<", "&lt;"), is_fragment=True)
    tree.strip_tags(_SILENT)
    tree.unwrap_tags(_INLINE)
    tree.merge_text_nodes()
    return tree.root.text(separator=" ") if tree.root else ""


def _visible(text: str) -> str:
    if not text.isascii():
        text = drop_loose(_BLANK.sub("", text))
    folded = " ".join(text.split())
    if folded.isprintable():
        return folded
    kept = "".join(sign for sign in folded if sign.isprintable() or sign in "\u200c\u200d")
    return " ".join(kept.split())
