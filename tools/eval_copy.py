"""Measures the rules of copy against sentences that are known to be true or not.

    python -m tools.eval_copy [SENTENCES.jsonl [WEIGHTS.bin]]

A sentence is `{"language", "kind", "about", "admit", "text"}`: whether it may stand beside the
product that it is about, in the small catalog of its language in tests/corpora/copy_catalog.json.
Prints what was wrongly admitted and wrongly refused by kind and by language, and every such
sentence with the words that caused it; the status is 1 where there are more than the bounds allow.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from app.content.prompts import load_words
from app.generation.copy.classifier import WEIGHTS, Classifier
from app.generation.copy.lexicon import Lexicons
from app.generation.copy.rules import CopyRules, Finding
from app.settings import ROOT

CORPORA = ROOT / "tests" / "corpora"
GOLD_SET = CORPORA / "copy.jsonl"
WRONGLY_ADMITTED, WRONGLY_REFUSED = 0.01, 0.03
"""The parts of the untrue and of the true sentences that may be judged wrongly."""


class Sentence(NamedTuple):
    """A piece of copy and whether it may stand beside the product that it is about."""

    language: str
    kind: str
    about: str
    admit: bool
    text: str


class Judged(NamedTuple):
    """A sentence and what the rules found in it."""

    sentence: Sentence
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> bool:
        return self.sentence.admit == bool(self.findings)


class Rate(NamedTuple):
    """Of how many sentences how many were judged wrongly."""

    wrong: int
    sentences: int

    def __str__(self) -> str:
        return f"{self.wrong}/{self.sentences}" if self.sentences else "-"

    @property
    def part(self) -> float:
        return self.wrong / self.sentences if self.sentences else 0.0


@cache
def read_sentences(path: Path) -> tuple[Sentence, ...]:
    """Read a file of sentences, one JSON object a line."""
    return tuple(Sentence(**json.loads(line)) for line in path.read_text("utf-8").splitlines())


@cache
def lexicons() -> Lexicons:
    """Return our own word lists, which keep what they have read."""
    return Lexicons(load_words(ROOT / "prompts"))


def judge(sentences: Iterable[Sentence], weights: Path = WEIGHTS) -> Iterator[Judged]:
    """Yield each sentence with what is found in it where a model wrote it."""
    classifier = Classifier(weights.read_bytes())
    catalog = json.loads((CORPORA / "copy_catalog.json").read_text("utf-8"))
    rules = {
        language: CopyRules(lexicons(), language=language, currency=shop["currency"])
        for language, shop in catalog.items()
    }
    # Together what is about one product: what is read of its text is kept for a while.
    for it in sorted(sentences, key=lambda it: (it.language, it.about)):
        facts = catalog[it.language]["products"][it.about]
        yield Judged(it, rules[it.language].weigh(it.text, [facts], classifier))


def rates(judged: Sequence[Judged]) -> tuple[Rate, Rate]:
    """Return the rates of what was wrongly admitted, and of what was wrongly refused."""
    untrue = [it.wrong for it in judged if not it.sentence.admit]
    true = [it.wrong for it in judged if it.sentence.admit]
    return Rate(sum(untrue), len(untrue)), Rate(sum(true), len(true))


def _table(judged: Sequence[Judged], name: str, key: Callable[[Sentence], str]) -> Iterator[str]:
    """Yield a table of the rates by kind or by language."""
    yield f"{name:<14} {'admitted wrongly':>18} {'refused wrongly':>18}"
    groups: defaultdict[str, list[Judged]] = defaultdict(list)
    for it in judged:
        groups[key(it.sentence)].append(it)
    for group, members in sorted(groups.items()):
        admitted, refused = rates(members)
        yield f"{group:<14} {admitted!s:>18} {refused!s:>18}"
    yield ""


def main(arguments: Sequence[str]) -> int:
    """Print the measure; return 1 where it is above the bounds."""
    sentences, weights = [*map(Path, arguments), *(GOLD_SET, WEIGHTS)[len(arguments) :]]
    judged = list(judge(read_sentences(sentences), weights))
    for line in _table(judged, "kind", lambda sentence: sentence.kind):
        print(line)
    for line in _table(judged, "language", lambda sentence: sentence.language):
        print(line)
    for it in judged:
        if it.wrong:
            reason = "; ".join(f"{found.code}: {found.words}" for found in it.findings)
            print(f"{'refused' if reason else 'admitted'} wrongly: {it.sentence.text} {reason}")
    admitted, refused = rates(judged)
    print(f"admitted wrongly {admitted} ({admitted.part:.1%}), at most {WRONGLY_ADMITTED:.0%}")
    print(f"refused wrongly {refused} ({refused.part:.1%}), at most {WRONGLY_REFUSED:.0%}")
    return int(admitted.part > WRONGLY_ADMITTED or refused.part > WRONGLY_REFUSED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
