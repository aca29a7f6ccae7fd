"""Reads gettext's .po files as they are, without compiling them first."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from gettext import GNUTranslations
from io import BytesIO

_KEYWORD = re.compile(r'(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)\s*(?=")')
_PLACE = re.compile(r"%%|%\((\w+)\)s")
_MAGIC = 0x950412DE
_HEAD = 7 * 4
"""Bytes of a .mo file's head: the magic number, a version, and five sizes and places."""


class PoError(ValueError):
    """A catalog cannot be read. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def read_po(text: str) -> GNUTranslations:
    """Return the translations of a catalog; what is empty or fuzzy counts as not translated.

    Raises:
        PoError: a line is none of the format's, a translation has a place to fill that its message
            has not, or the rule of plurals makes no sense.
    """
    messages = {}
    for entry in _entries(text):
        forms = [entry[name] for name in sorted(entry) if name.startswith("msgstr")]
        if forms and all(forms):
            context = f"{entry['msgctxt']}\x04" if "msgctxt" in entry else ""
            plural = f"\0{entry['msgid_plural']}" if "msgid_plural" in entry else ""
            messages[context + entry.get("msgid", "") + plural] = "\0".join(forms)
    try:
        return GNUTranslations(BytesIO(_mo(messages)))
    except (ValueError, LookupError) as error:
        raise PoError(1, f"the header cannot be used: {error}") from error


def _entries(text: str) -> Iterator[dict[str, str]]:
    """Yield each entry's strings by their keywords, but for fuzzy ones; a header never is."""
    entry: dict[str, str] = {}
    keyword, is_fuzzy, begins = "", False, 1
    for number, line in enumerate(text.splitlines(), start=1):
        found = _KEYWORD.match(line)
        opens = found is not None and found[1] in ("msgctxt", "msgid")
        if (opens or line.startswith("#")) and keyword.startswith("msgstr"):
            if not (is_fuzzy and entry.get("msgid")):
                yield _fitting(entry, begins)
            entry, keyword, is_fuzzy = {}, "", False
        if line.startswith("#"):
            is_fuzzy = is_fuzzy or (line.startswith("#,") and "fuzzy" in line)
        elif found is not None:
            keyword = found[1]
            entry[keyword] = _string(line[found.end() :], number)
            begins = number
        elif line.startswith('"') and keyword:
            entry[keyword] += _string(line, number)
        elif line.strip():
            raise PoError(number, "is neither a message nor a comment")
    if not (is_fuzzy and entry.get("msgid")):
        yield _fitting(entry, begins)


def _fitting(entry: dict[str, str], line: int) -> dict[str, str]:
    """Return an entry whose translations have no other places to fill than its message has."""
    places = {"", *_PLACE.findall(entry.get("msgid", "") + entry.get("msgid_plural", ""))}
    for name, form in entry.items() if entry.get("msgid") else ():
        strange = set(_PLACE.findall(form)) - places
        if name.startswith("msgstr") and (strange or "%" in _PLACE.sub("", form)):
            place = (
                f"%({min(strange)})s" if strange else "% that stands alone (a percent sign is %%)"
            )
            raise PoError(line, f"has a place to fill that its message has not: {place}")
    return entry


def _string(written: str, line: int) -> str:
    """Return a string; what C escapes in messages, JSON escapes alike."""
    try:
        value = json.loads(written)
    except ValueError:
        value = None
    if not isinstance(value, str):
        raise PoError(line, "is no string in quotes")
    return value


def _mo(messages: dict[str, str]) -> bytes:
    """Return the messages in the binary format that Python's gettext reads."""
    pairs = sorted((name.encode(), translated.encode()) for name, translated in messages.items())
    texts = [name for name, _ in pairs] + [translated for _, translated in pairs]
    count, at = len(pairs), _HEAD + 16 * len(pairs)
    table = bytearray()
    for text in texts:
        table += struct.pack("<II", len(text), at)
        at += len(text) + 1
    head = struct.pack("<7I", _MAGIC, 0, count, _HEAD, _HEAD + 8 * count, 0, at)
    return head + bytes(table) + b"".join(text + b"\0" for text in texts)
