"""Text, cut anywhere -> the tokens of JSON as models write it.

The lexer never looks at a character twice (but for an unfinished word, of bounded length), holds
one unfinished string at most, and gives the same tokens however the text was cut.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

_OPENER = re.compile(r"[{\[<◁&/]")
_SPACE = re.compile(r"[\s\ufeff\u200b\u2060]+")
_WORD = re.compile(r"[^\s\ufeff\u200b\u2060{}\[\],:\"'/<◁&\uff1a\uff0c]+|/")
_TYPOGRAPHIC = "\u201c\u201d\u201e\uff02"
_QUOTES = {'"': '"', "'": "'"} | dict.fromkeys(_TYPOGRAPHIC, _TYPOGRAPHIC + '"')
"""What may end a string, by what began it."""

_WITHIN = {quotes: re.compile(rf"[^{quotes}\\]+") for quotes in _QUOTES.values()}
_AFTER_QUOTE = re.compile(r"\s*([^\s])")
_FULL_WIDTH = {"\uff1a": ":", "\uff0c": ","}
_ESCAPES = frozenset('"\\/bfnrtu')
_COMMENTS = {"//": "\n", "# ": "\n", "/*": "*/", "<!--": "-->"}
_ENCODED = "encoded"
_LONGEST_WORD = 64
_LONGEST_LOOKAHEAD = 64

_ENCODED_QUOTES = ('\\"', "&quot;")
"""What stands for the first quote of an answer that was escaped once too often."""

LONGEST_PREAMBLE = 40
"""Characters of prose before a component, without spaces, beyond which it may be a thought."""

THOUGHT = r"""
    think|(?:ant)?thinking|thoughts?|reasoning|reflection|analysis|scratch_?pad
    |(?:inner_?)?monologue|drafts?|brainstorm(?:ing)?
"""
is_thought = re.compile(
    rf"(?:(?:first|initial|rough)_?)?(?:{THOUGHT}|attempt)(?:_?(?:\d+|page|components?))?",
    re.IGNORECASE | re.VERBOSE,
).fullmatch
"""Whether a key says that what stands under it is not the answer, as a plan may be."""

_TAG = re.compile(
    rf"""
    (?:[<◁]\|? | &lt; | \[(?=/?think\])) (?P<ends>/|end_(?:of_)?)? \|?\s?
    (?:(?:begin_of|start)_ | \w{{1,9}}[:_])?
    (?P<name>{THOUGHT}|plan|planning|details) (?:_process)?
    \b [^<>◁▷\[\]]{{0,60}}? (?:[>▷\]] | &gt;)
    | <\|(?P<channel>channel)\|?>\s?(?:analysis|commentary|thought)(?=\W)
    | <(?:channel\||\|channel\|>\s?final\s?<\|message\|)>
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What stands between such tags is not the answer: each family of models has its own."""

_TAG_OPENS = re.compile(r"[<◁\[&]")
_LONGEST_TAG = 80


class Token(NamedTuple):
    """What was read, as JSON (a word: as written).

    `kind` is one of `{ } [ ] , :`, or `string`, `word`, or `draft`, which says that all before it
    was a thought.
    """

    kind: str
    text: str


_SIGNS = {sign: Token(sign, sign) for sign in "{}[],:"}


class Lexer:
    """Feed text, get tokens. Outside any bracket (`prose`) only an opening one is seen.

    `position` is how many characters have been read. `spoken` counts those of prose but for spaces,
    `said` has the last of them. `_aside` is what is passed over: a comment, by how it begins, or a
    thought, by its tag. `folded` is what stands in details, or is escaped once too often, which is
    passed over as well and may be all there is.
    """

    def __init__(self) -> None:
        self.position = 0
        self.spoken = 0
        self.said = ""
        self.folded: list[str] = []
        self.repairs: Counter[str] = Counter()
        self._finishing = False
        self._aside = ""
        self._first = self._unquoted = True
        self.restart()

    def restart(self) -> None:
        """Read on as if the answer began here; a thought goes on."""
        self.prose = True
        self._tail = ""
        self._quote = ""
        self._string: list[str] = []
        self._aside = self._aside if self.aside == "thought" else ""
        self._value_expected = True
        self._skip = False

    @property
    def aside(self) -> str:
        """What the text so far ends inside of: a thought, a comment that must end, or nothing."""
        if self._aside in _COMMENTS:
            return "" if _COMMENTS[self._aside] == "\n" else "comment"
        return "thought" if self._aside not in ("", _ENCODED) else ""

    @property
    def in_string(self) -> bool:
        """Whether the text so far ends inside a string."""
        return bool(self._quote)

    def feed(self, text: str) -> Iterator[Token]:
        """Yield the tokens that `text` completes."""
        text = self._tail + text if self._tail else text
        self._tail = ""
        before, position, end = self.position, 0, len(text)
        while position < end:
            step = self._step(text, position)
            if step is None:
                self._tail = text[position:]
                break
            position, token = step
            if token is not None:
                self.position = before + position
                self._value_expected = token.kind in "{[,:"
                yield token
        self.position = before + position

    def finish(self) -> Iterator[Token]:
        """Yield the last word, now that nothing can follow it."""
        self._finishing = True
        yield from self.feed("")

    def skip_quote(self) -> None:
        """Take the next double quote as one that was read already."""
        self._skip = True

    def _step(self, text: str, at: int) -> tuple[int, Token | None] | None:
        """Return where to go on and what was read, or None where more text is needed."""
        if self._quote:
            return self._in_string(text, at)
        if self._aside:
            pass_over = self._in_comment if self._aside in _COMMENTS else self._in_thought
            return pass_over(text, at)
        if self.prose:
            return self._in_prose(text, at)
        char = text[at]
        if sign := _SIGNS.get(char):
            return at + 1, sign
        if char == '"' and self._skip:
            self._skip = False
            return at + 1, None
        if char in _QUOTES and (char != "'" or self._value_expected):
            self._open_string(char)
            return at + 1, None
        if space := _SPACE.match(text, at):
            return space.end(), None
        if char == "'":
            return at + 1, Token("word", char)
        if narrow := _FULL_WIDTH.get(char):
            self.repairs["FULL_WIDTH"] += 1
            return at + 1, Token(narrow, narrow)
        return self._at_sign(text, at) if char in "<◁&\\/#" else self._in_word(text, at)

    def _in_prose(self, text: str, at: int) -> tuple[int, Token | None] | None:
        char = text[at]
        if char == "{":
            self._first = False
            return at + 1, _SIGNS[char]
        if char in "<◁[&":
            return self._at_tag(text, at)
        if char == "/":
            return self._at_slash(text, at)
        if space := _SPACE.match(text, at):
            return space.end(), None
        if char == '"' and self._first:
            self._open_string('"')
            return at + 1, None
        opener = _OPENER.search(text, at)
        end = opener.start() if opener else len(text)
        said = "".join(text[at:end].split())
        self.spoken += len(said)
        self.said = (self.said + said)[-LONGEST_PREAMBLE:]
        self._first = False
        return end, None

    def _at_tag(self, text: str, at: int) -> tuple[int, Token | None] | None:
        """Begin a thought where its tag opens; one that only closes says what was before it."""
        if text.startswith("<!--", at):
            return self._begin_comment("<!--", at)
        tag = _TAG.match(text, at)
        if tag is not None:
            self.repairs["THOUGHT"] += 1
            name, opens = _read_tag(tag)
            if not opens:
                return tag.end(), Token("draft", "")
            self._aside = name
            return tag.end(), None
        if self._may_be_cut_tag(text, at):
            return None
        if text[at] == "[":
            self._first = False
            return at + 1, _SIGNS["["]
        self.spoken += self.prose
        return at + 1, None if self.prose else Token("word", text[at])

    def _at_slash(self, text: str, at: int) -> tuple[int, Token | None] | None:
        """Begin a comment in prose, where two slashes may be an address's."""
        if text.startswith("/*", at):
            return self._begin_comment("/*", at)
        if at + 1 == len(text) and not self._finishing:
            return None
        self.spoken += 1
        return at + 1, None

    def _begin_comment(self, opener: str, at: int) -> tuple[int, None]:
        self._aside = opener
        self.repairs["COMMENT"] += 1
        return at + len(opener), None

    def _in_thought(self, text: str, at: int) -> tuple[int, None] | None:
        ends = (tag for tag in _TAG.finditer(text, at) if _read_tag(tag) == (self._aside, False))
        if end := next(ends, None):
            cut, stop = end.span()
        else:
            near = _TAG_OPENS.finditer(text, max(at, len(text) - _LONGEST_TAG))
            cuts = (it.start() for it in near if self._may_be_cut_tag(text, it.start()))
            cut = stop = next(cuts, len(text))
        if self._aside in ("details", _ENCODED):
            self.folded.append(text[at:cut])
        if end:
            self._aside = ""
        return (stop, None) if stop > at else None

    def _may_be_cut_tag(self, text: str, at: int) -> bool:
        rest = text[at : at + _LONGEST_TAG]
        if self._finishing or len(rest) == _LONGEST_TAG:
            return False
        if rest[0] == "[":
            return any(tag.startswith(rest.lower()) for tag in ("[think]", "[/think]"))
        if rest[0] == "&":
            return "&lt;".startswith(rest[:4]) and "&gt;" not in rest
        return rest.startswith("<|") or not (">" in rest or "▷" in rest)

    def _at_sign(self, text: str, at: int) -> tuple[int, Token | None] | None:
        """Read what begins with a sign that may open a tag, a comment or a quote in disguise."""
        char = text[at]
        if char in "\\&" and self._unquoted:
            if text.startswith(_ENCODED_QUOTES, at):
                self._aside = _ENCODED
                self.folded.append("{")
                self.repairs["ENCODED_TWICE"] += 1
                return at, Token("draft", "")
            if any(it.startswith(text[at:]) for it in _ENCODED_QUOTES) and not self._finishing:
                return None
        if char in "<◁&":
            return self._at_tag(text, at)
        start = text[at : at + 2]
        if start in _COMMENTS:
            return self._begin_comment(start, at)
        if start in ("/", "#") and not self._finishing:
            return None
        return self._in_word(text, at)

    def _in_word(self, text: str, at: int) -> tuple[int, Token] | None:
        word = _WORD.match(text, at)
        stop = word.end() if word else at + 1
        if stop == len(text) and stop - at < _LONGEST_WORD and not self._finishing:
            return None
        stop = min(stop, at + _LONGEST_WORD)
        return stop, Token("word", text[at:stop])

    def _in_comment(self, text: str, at: int) -> tuple[int, None] | None:
        closing = _COMMENTS[self._aside]
        found = text.find(closing, at)
        if found >= 0:
            self._aside = ""
            return found + len(closing), None
        begun = next(n for n in range(len(closing) - 1, -1, -1) if text.endswith(closing[:n]))
        stop = max(at, len(text) - begun)
        return None if stop == at else (stop, None)

    def _open_string(self, quote: str) -> None:
        self._first = self._unquoted = False
        self._quote, self._string = _QUOTES[quote], []
        if quote != '"':
            self.repairs["SINGLE_QUOTES" if quote == "'" else "TYPOGRAPHIC_QUOTES"] += 1

    def _in_string(self, text: str, at: int) -> tuple[int, Token | None] | None:
        char = text[at]
        if char == "\\":
            return self._in_escape(text, at)
        if char not in self._quote:
            run = _WITHIN[self._quote].match(text, at)
            stop = run.end() if run else at + 1
            self._hold(text[at:stop])
            return stop, None
        if self._quote != '"':
            return self._at_other_quote(text, at)
        return at + 1, self._close_string()

    def _in_escape(self, text: str, at: int) -> tuple[int, None] | None:
        if at + 1 == len(text):
            return None
        escape = text[at + 1]
        if escape in _ESCAPES or (escape.isascii() and escape.isalnum()):
            self._string.append(text[at : at + 2])
        else:
            self._hold(escape)
            if escape not in self._quote:
                self.repairs["INVALID_ESCAPE"] += 1
        return at + 2, None

    def _at_other_quote(self, text: str, at: int) -> tuple[int, Token | None] | None:
        """Take an apostrophe or the like: it ends its string only where a value may end."""
        after = _AFTER_QUOTE.match(text, at + 1)
        waited = len(text) - at > _LONGEST_LOOKAHEAD
        if after is None and not waited and not self._finishing:
            return None
        if after is not None and after.group(1) not in ",:}]":
            self._hold(text[at])
            return at + 1, None
        return at + 1, self._close_string()

    def _hold(self, piece: str) -> None:
        self._string.append(piece.replace('"', '\\"') if self._quote != '"' else piece)

    def _close_string(self) -> Token:
        text = "".join(self._string)
        self._quote = ""
        self._string = []
        return Token("string", f'"{text}"')


def _read_tag(tag: re.Match[str]) -> tuple[str, bool]:
    """Return the name of a thought's tag, and whether it opens one."""
    if tag["name"]:
        return tag["name"].lower(), not tag["ends"]
    return "channel", bool(tag["channel"])
