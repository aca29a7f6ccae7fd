"""Learns how much copy sounds like a claim, from the gold set, words and our own copy.

    python -m tools.train_copy [SENTENCES.jsonl [WEIGHTS.bin]]

A logistic regression by AdaGrad, in an order that is the same each time. Each sentence of what is
true is true by itself; what is not is learned as a whole. A line of tests/corpora/copy_words.txt is
a language, whether its words are of claims or plain, and the words, or phrases between commas.
One of tests/corpora/copy_lines.txt is the same of one text, about no product in particular.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from array import array
from collections.abc import Iterator, Sequence
from math import exp, sqrt
from pathlib import Path

from app.generation.copy.classifier import HEADER, LANGUAGES, SIZE, WEIGHTS, features, sentences_of
from app.generation.copy.reader import Facts, Reader
from app.settings import ROOT
from tools.eval_copy import CORPORA, GOLD_SET, lexicons, read_sentences

WORDS = CORPORA / "copy_words.txt"
LINES = CORPORA / "copy_lines.txt"

_AT_ONCE = 5
"""Words of a list that are learned together, as those of a sentence are."""

_ROUNDS = 12
_RATE = 0.5
_LARGEST = 127

Sample = tuple[list[int], bool]
"""Where the weights of a text stand, and whether it is a claim."""


def digest(sentences: Path = GOLD_SET) -> bytes:
    """Return what the weights carry of what they were learned from."""
    sources = (sentences, WORDS, LINES)
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).digest()


def samples(sentences: Path) -> Iterator[Sample]:
    """Yield what is learned from."""
    catalog = json.loads((CORPORA / "copy_catalog.json").read_text("utf-8"))
    known = {
        (language, name): Reader(lexicons(), language, shop["currency"]).facts(text)
        for language, shop in catalog.items()
        if language in LANGUAGES
        for name, text in shop["products"].items()
    }
    for it in read_sentences(sentences):
        if it.language in LANGUAGES:
            facts = known[it.language, it.about]
            yield from _samples(it.text, it.language, facts, is_claim=not it.admit)
    nothing = Reader(lexicons(), "en", "").facts("")
    for line in WORDS.read_text("utf-8").splitlines():
        language, kind, listed = line.split(" ", 2)
        each = listed.split(",") if "," in listed else [*_together(listed.split())]
        for text in each:
            yield from _samples(text, language, nothing, is_claim=kind == "claim")
    for line in LINES.read_text("utf-8").splitlines():
        language, kind, text = line.split(" ", 2)
        yield from _samples(text, language, nothing, is_claim=kind == "claim")
    ours = (*(ROOT / "prompts").glob("house*.json"), *(ROOT / "components").glob("*.samples.json"))
    for path in sorted(ours):
        language = path.stem.partition(".")[2].replace("samples", "") or "en"
        for line in _lines(json.loads(path.read_text("utf-8"))):
            yield from _samples(line, language, nothing, is_claim=False)


def _together(listed: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(listed), _AT_ONCE):
        yield " ".join(listed[start : start + _AT_ONCE])


def _lines(value: object) -> Iterator[str]:
    """Yield all texts of several words within a value of JSON."""
    if isinstance(value, str) and " " in value:
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _lines(inner)


def _samples(text: str, language: str, facts: Facts, *, is_claim: bool) -> Iterator[Sample]:
    parts = [features(tokens, language, facts.has) for tokens in sentences_of(text)]
    flat = [[at for own in part for at in own] for part in parts]
    if is_claim:
        flat = [[at for part in flat for at in part]]
    yield from ((at, is_claim) for at in flat)


def learn(found: Sequence[Sample]) -> tuple[list[float], float]:
    """Return the weights, and what every text begins with."""
    weights, slopes = [0.0] * SIZE, [1e-6] * SIZE
    bias, bias_slope = 0.0, 1e-6
    order = list(found)
    for seed in range(_ROUNDS):
        random.Random(seed).shuffle(order)  # noqa: S311 - the same each time, and no secret
        for places, is_claim in order:
            share = 1 / sqrt(len(places))
            score = bias + share * sum(map(weights.__getitem__, places))
            error = 1 / (1 + exp(-score)) - is_claim
            bias_slope += error * error
            bias -= _RATE * error / sqrt(bias_slope)
            slope = error * share
            square, step = slope * slope, _RATE * slope
            for at in places:
                slopes[at] += square
                weights[at] -= step / sqrt(slopes[at])
    return weights, bias


def written(weights: Sequence[float], bias: float, learned_from: bytes) -> bytes:
    """Return the weights in steps of one size, a byte each."""
    scale = max(map(abs, weights)) / _LARGEST
    steps = array("b", (round(weight / scale) for weight in weights))
    return HEADER.pack(scale, bias, learned_from) + steps.tobytes()


def main(arguments: Sequence[str]) -> None:
    """Learn, and write the weights."""
    sentences, target = [*map(Path, arguments), *(GOLD_SET, WEIGHTS)[len(arguments) :]]
    weights, bias = learn(list(samples(sentences)))
    target.write_bytes(written(weights, bias, digest(sentences)))
    print(f"{sum(map(bool, weights))} weights, {target}")


if __name__ == "__main__":
    main(sys.argv[1:])
