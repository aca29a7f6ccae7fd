"""Text, cut anywhere -> proposals, each as soon as its JSON closes.

Models wrap, decorate and break their JSON. A component is an object that stands alone, in an array
or in a wrapper; its text is rebuilt token by token, with small repairs that are counted by kind, so
that a broken component costs that component at most. Work and memory are linear in the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from app.domain.limits import ParseLimits
from app.domain.page import Proposal, Refusal
from app.generation.parser.lexer import Lexer, Token
from app.generation.parser.repair import RepairingParser

_USUAL = ParseLimits()


class ProposalParser:
    """Feed text, get proposals as their objects close, and refusals for what cannot be read.

    `repairs` counts what was mended, by kind; `done` says that no more text is wanted.
    """

    def __init__(self, limits: ParseLimits = _USUAL) -> None:
        self.done = False
        self._limits = limits
        self._scanner = Lexer(limits.component)
        self.repairs: Counter[str] = self._scanner.repairs
        self._mender = RepairingParser(self._scanner, limits.component, limits.depth)
        self._read = 0
        self._offered = 0

    def feed(self, text: str) -> Iterator[Proposal | Refusal]:
        """Yield what `text` completes. Text beyond the limits is refused once, then ignored."""
        if self.done:
            return
        room = self._limits.answer - self._read
        self._read += len(text)
        yield from self._take(self._scanner.feed(text[:room]))
        if len(text) > room and not self.done:
            self.done = True
            yield Refusal("ANSWER_TOO_LONG")

    def close(self) -> Iterator[Proposal | Refusal]:
        """Yield what the end of the text completes; an unfinished component is refused."""
        if not self.done:
            yield from self._take(self._scanner.finish())
        self.done = True
        if self._scanner.spoke:
            self.repairs["PROSE"] += 1
        self._mender.end_of_text()
        yield from self._drain()

    def _take(self, tokens: Iterator[Token]) -> Iterator[Proposal | Refusal]:
        mender = self._mender
        for token in tokens:
            mender.accept(token)
            self._scanner.prose = not mender.inside
            if mender.found:
                yield from self._drain()
            self.done = self.done or mender.done
            if self.done:
                return

    def _drain(self) -> Iterator[Proposal | Refusal]:
        found, self._mender.found = self._mender.found, []
        for item in found:
            self._offered += 1
            if self._offered > self._limits.components:
                self.done = True
                yield Refusal("TOO_MANY_COMPONENTS")
                return
            yield item
