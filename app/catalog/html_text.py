"""The text that some HTML shows.

The standard library's parser takes time that grows with the square of what is never closed, and
feeds are written by strangers. Here every character is passed once, or twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_INLINE = re.compile(
    r"a|abbr|b|bdi|bdo|cite|code|del|em|font|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|u|wbr"
)
_SILENT = {name: re.compile(f"</{name}", re.IGNORECASE | re.ASCII) for name in ("script", "style")}
_OPENING = re.compile(r"<(?:!--|[!?]|(?P<end>/?)(?P<name>[A-Za-z][^\s/>\"']{0,40}+))")
_INSIDE = re.compile(r"(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")


def shown_text(markup: str) -> str:
    """Return the text: blocks set apart by spaces, scripts and styles left out, entities read."""
    return "".join(_Markup(markup).pieces())


class _Markup:
    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._at = 0
        self._quotes_close = True

    def pieces(self) -> Iterator[str]:
        while mark := _OPENING.search(self._markup, self._at):
            yield unescape(self._markup[self._at : mark.start()])
            self._at = mark.start()
            end = self._end(mark)
            if end < 0:
                break
            name = (mark["name"] or "").lower()
            self._at = self._past_silence(name, end) if not mark["end"] else end
            yield "" if _INLINE.fullmatch(name) else " "
        yield unescape(self._markup[self._at :])

    def _end(self, mark: re.Match[str]) -> int:
        """Return where a tag or comment ends, or -1 where it is text that merely looks like one."""
        if mark[0] == "<!--":
            closed = self._markup.find("-->", mark.end())
            return closed + 3 if closed >= 0 else len(self._markup)
        if self._quotes_close:
            inside = _INSIDE.match(self._markup, mark.end())
            if inside:
                return inside.end()
            self._quotes_close = False
        return self._markup.find(">", mark.end()) + 1 or -1

    def _past_silence(self, name: str, end: int) -> int:
        if name not in _SILENT:
            return end
        closing = _SILENT[name].search(self._markup, end)
        return closing.start() if closing else len(self._markup)
