"""Zero-width joiners: kept where a script or an emoji needs them, dropped anywhere else.

Persian parts words with U+200C, Indic scripts choose conjuncts with either joiner, U+200D holds
families and flags of emoji together, and U+FE0F gives an emoji its colours.
"""

from __future__ import annotations

import re

_SIGNS = re.compile("[\u200c\u200d\ufe0f]+")
_SHAPED = (
    "[\u0600-\u0dff\u0f00-\u109f\u1780-\u18af\u1a20-\u1c4f\ua840-\uaaff\uabc0-\uabff"
    "\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f]"
)
"""A letter of a script whose letters change their shape beside each other: Arabic to Adlam.

It takes a millisecond to compile, and is compiled when it is needed.
"""

_VIRAMAS = frozenset(
    "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u1039\u17d2\u1b44"
)
"""Signs after which a joiner counts even at the end of a word."""

_PICTOGRAPH = "[\u2190-\u2bff\U0001f000-\U0001faff]"


def drop_loose(text: str) -> str:
    """Return the text without the signs that shape nothing, and with one where several stand."""
    return text if text.isascii() else _SIGNS.sub(_shaping, text)


def drop_shaping(text: str) -> str:
    """Return the text without the signs that shape it: any that is left should not be there."""
    return _SIGNS.sub(lambda found: "" if _shaping(found) == found[0] else found[0], text)


def _shaping(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    joiners = found[0].replace("\ufe0f", "")
    if re.match(_PICTOGRAPH, before):
        joins = "\u200d" in joiners and re.match(_PICTOGRAPH, after)
        return ("\ufe0f" if "\ufe0f" in found[0] else "") + ("\u200d" if joins else "")
    if before in _VIRAMAS or (re.match(_SHAPED, before) and re.match(_SHAPED, after)):
        return joiners[:1]
    return ""
