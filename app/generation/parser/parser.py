"""Text, cut anywhere -> proposals, each as soon as its JSON closes.

Models wrap, decorate and break their JSON. A component is an object that stands alone, in an array
or in a wrapper; its text is rebuilt token by token, with small repairs that are counted by kind, so
that a broken component costs that component at most. Work and memory are linear in the text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import unescape

from app.domain.limits import ParseLimits
from app.domain.page import Proposal, Refusal
from app.generation.parser.lexer import LONGEST_PREAMBLE, THOUGHT, Lexer, Token
from app.generation.parser.proposal import Names
from app.generation.parser.repair import RepairingParser

_NAMELESS = Names()
_TENTATIVE = re.compile(
    rf"{THOUGHT}|first|rough|maybe|perhaps|option|attempt|idea|example|sketch"
    "|entwurf|brouillon|borrador|bozza|schets|ontwerp|szkic|下書き|草案|مسودة",
    re.IGNORECASE | re.VERBOSE,
)
"""What a preamble says, however short, after which a thought may follow."""


_ESCAPED = re.compile(r'\\(?:(["\\/])|[nrt])')


class ProposalParser:
    """Feed text, get proposals as their objects close, and refusals for what cannot be read.

    `repairs` counts them by kind, `lengths` has the characters of the shortest component of each
    type; `done` says that no more text is wanted. `names` are those that a component may have from
    the key above it.

    What follows long or tentative prose may be a draft in a thought that has no tag, or whose first
    one was in the prompt, as some models have it. It is held back until a last tag says so, or the
    answer ends; any other that stands alone or after prose, until another begins. Both give way to
    what is written for the same slot after more prose.
    """

    def __init__(
        self,
        limits: ParseLimits = ParseLimits(),
        names: Names = _NAMELESS,
        *,
        outermost: bool = True,
    ) -> None:
        self.done = False
        self._outermost = outermost
        self._limits = limits
        self._names = names
        self._lexer = Lexer()
        self.repairs: Counter[str] = self._lexer.repairs
        self._components = RepairingParser(
            self._lexer, names, self._decode, longest=limits.component, deepest=limits.depth
        )
        self.lengths = self._components.lengths
        self._read = 0
        self._offered = 0
        self._heard = 0
        self._thinks: bool | None = None
        self._held: list[tuple[int, Proposal | Refusal]] = []

    @property
    def inside(self) -> bool:
        """Whether the text so far ends inside a bracket, a thought or a comment."""
        return self._components.inside or bool(self._lexer.aside)

    @property
    def open(self) -> tuple[str, int] | None:
        """The type of what is open, if it is known, and where in the text it begins.

        None where something is held back that what comes next may set free.
        """
        return None if self._held else self._components.open

    def feed(self, text: str) -> Iterator[Proposal | Refusal]:
        """Yield what `text` completes. Text beyond the limits is refused once, then ignored."""
        if self.done:
            return
        room = self._limits.answer - self._read
        self._read += len(text)
        yield from self._take(self._lexer.feed(text[:room]))
        if len(text) > room and not self.done:
            self.done = True
            yield Refusal("ANSWER_TOO_LONG")

    def close(self) -> Iterator[Proposal | Refusal]:
        """Yield what the end of the text completes; an unfinished component is refused."""
        if not self.done:
            yield from self._take(self._lexer.finish())
        self.done = True
        if self._lexer.spoken:
            self.repairs["PROSE"] += 1
        self._components.end_of_text()
        yield from self._drain()
        yield from self._offer(0)
        if self._outermost and not self._offered:
            yield from self._proposals_in(_unescaped("".join(self._lexer.folded)), "")
        if self._lexer.aside:
            yield Refusal("UNFINISHED", self._lexer.aside)
        if self._read and not self._offered and not self.repairs:
            self.repairs["NO_COMPONENT"] += 1

    def gap(self) -> Iterator[Proposal | Refusal]:
        """Take note that text is missing here: what it was part of is refused, and no more."""
        self._components.drop("GAP_IN_ANSWER")
        self._lexer.restart()
        yield from self._drain()

    def _take(self, tokens: Iterator[Token]) -> Iterator[Proposal | Refusal]:
        components = self._components
        for token in tokens:
            if token.kind == "draft":
                self._held, self._thinks = [], False
            elif self._held and token.kind == "{" and self._begins_beside_what_waits:
                yield from self._offer(0)
            components.accept(token)
            self._lexer.prose = not components.inside
            if components.found:
                yield from self._drain()
                self.done = self.done or components.done
            if self.done:
                return

    @property
    def _begins_beside_what_waits(self) -> bool:
        """Whether what comes next has no prose before it, and so takes nothing back."""
        return not self._thinks and self._heard == self._lexer.spoken

    def _drain(self) -> Iterator[Proposal | Refusal]:
        """Take over what was found, and yield what is no draft."""
        found, self._components.found = self._components.found, []
        spoken = self._lexer.spoken
        self._held += ((spoken, item) for item in found)
        if self._thinks or not found:
            return
        since, self._heard = spoken - self._heard, spoken
        tentative = since > LONGEST_PREAMBLE or _TENTATIVE.search(self._lexer.said[-since:])
        if self._thinks is None and since and tentative:
            self._thinks = True
            yield from self._offer(len(found))
        else:
            streams = self._thinks is False or (not spoken and self._components.inside)
            yield from self._offer(0 if streams else 1)

    def _offer(self, waiting: int) -> Iterator[Proposal | Refusal]:
        """Yield what is held, without drafts, but for the last so many."""
        kept = _without_drafts(self._held)
        ready = len(kept) - waiting
        self._held = kept[ready:]
        for _, item in kept[:ready]:
            self._offered += 1
            if self._offered > self._limits.components:
                self.done = True
                yield Refusal("TOO_MANY_COMPONENTS")
                return
            yield item

    def _decode(self, text: str, key: str) -> Sequence[Proposal | Refusal]:
        """Return the components that a JSON string holds as JSON; none where it is just a text."""
        try:
            inside = json.loads(text, strict=False)
        except ValueError:
            return ()
        return self._proposals_in(inside, key)

    def _proposals_in(self, text: str, key: str) -> Sequence[Proposal | Refusal]:
        """Return the components of a text within the answer; none where it is just a text."""
        inner = ProposalParser(self._limits, self._names._replace(key=key), outermost=False)
        found = [*inner.feed(text), *inner.close()]
        if not any(isinstance(item, Proposal) for item in found):
            return ()
        self.repairs.update(inner.repairs)
        return found


def _unescaped(text: str) -> str:
    """Return JSON as it was before somebody escaped it once more, as text or for HTML."""
    if text.startswith("&quot;", 1):
        return unescape(text)
    is_escaped = text.startswith('\\"', 1)
    return _ESCAPED.sub(lambda it: it[1] or " ", text) if is_escaped else text


def _without_drafts(
    held: Sequence[tuple[int, Proposal | Refusal]],
) -> list[tuple[int, Proposal | Refusal]]:
    """Leave out what is proposed again for the same slot after more characters of prose."""
    final: dict[str, int] = {}
    kept: list[tuple[int, Proposal | Refusal]] = []
    for spoken, item in reversed(held):
        slot = (item.id or item.type).lower() if isinstance(item, Proposal) else ""
        if not slot or final.setdefault(slot, spoken) == spoken:
            kept.append((spoken, item))
    return kept[::-1]
