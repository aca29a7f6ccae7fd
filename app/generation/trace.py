"""What happened to one page, in codes, counts and sizes; never content."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import add
from typing import NamedTuple

from app.domain.llm import ModelEnded, Prompt, TokensUsed
from app.domain.page import Refusal

_MOST_NOTES = 200
REFUSED = frozenset({"content_filter", "refusal"})
"""Why a model ended that will not answer: asking it again would bring the same."""

CUT_SHORT = frozenset({"length", "max_tokens", "model_context_window_exceeded"})


class Note(NamedTuple):
    """Something that happened, `at` milliseconds after the page was begun."""

    at: int
    what: str
    code: str = ""
    where: str = ""


@dataclass(slots=True, eq=False, repr=False)
class Trace:
    """The trace of one page. `clock` gives seconds; notes beyond the bound are only counted.

    `fillers` has how many parts each model chose, and how many kept their fallback; `first_ms` is
    when the first was drawn.
    """

    page_id: str
    shop_id: str
    persona_type: str
    clock: Callable[[], float]
    brief_tokens: int = 0
    status: str = "composing"
    model: str = ""
    tokens: TokensUsed = field(default_factory=TokensUsed)
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)
    fillers: Counter[str] = field(default_factory=Counter)
    first_ms: int | None = None
    began: float = 0.0

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the page was begun."""
        return round((self.clock() - self.began) * 1000)

    def note(self, what: str, code: str = "", where: str = "") -> None:
        """Write down and count what happened."""
        self.counts[f"{what}:{code}" if code else what] += 1
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(Note(self.elapsed_ms, what, code, where))

    def drew(self, kind: str, slot: str, filler: str) -> None:
        """Note that a part was drawn, and who had chosen it."""
        if self.first_ms is None:
            self.first_ms = self.elapsed_ms
        self.fillers[filler] += 1
        self.note("drawn", kind, slot)

    def model_called(self, model: str, prompt: Prompt) -> None:
        """Note which model was called, for which slots, and how long its prompt was."""
        self.brief_tokens += prompt.tokens
        sizes = (
            f"{len(prompt.slots)} slots, {len(prompt.products)} products, {prompt.tokens} tokens"
        )
        self.note("asked", model, sizes)

    def ended(self, event: ModelEnded) -> None:
        """Write down how a model's answer ended, and what it cost."""
        tokens = event.tokens
        self.note("model_ended", event.reason, f"{tokens.prompt}+{tokens.completion} tokens")
        self.spent(tokens)
        if event.reason in REFUSED:
            self.note("model_refused", event.reason)
        elif event.reason in CUT_SHORT:
            self.note("cut_short", event.reason)

    def refused(self, refusal: Refusal) -> None:
        """Write down a no."""
        self.note("refused", refusal.code, refusal.where)

    def repaired(self, repairs: Mapping[str, int]) -> None:
        """Write down what the parser mended, by kind."""
        for kind, count in repairs.items():
            self.note("repaired", kind)
            self.counts[f"repaired:{kind}"] += count - 1

    def spent(self, tokens: TokensUsed) -> None:
        """Add what a model's answer cost."""
        self.tokens = TokensUsed(*map(add, self.tokens, tokens))

    def summary(self) -> dict[str, object]:
        """Return the one line that is logged when the page has ended."""
        return {
            "page": self.page_id[:8],
            "shop": self.shop_id,
            "persona": self.persona_type,
            "status": self.status,
            "model": self.model,
            "ms": self.elapsed_ms,
            "brief_tokens": self.brief_tokens,
            "tokens": self.tokens._asdict(),
            "counts": dict(sorted(self.counts.items())),
        }

    def as_dict(self) -> dict[str, object]:
        """Return the summary with every note."""
        return {**self.summary(), "notes": [note._asdict() for note in self.notes]}
