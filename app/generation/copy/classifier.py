"""Tells how much copy sounds like a claim, by weights that a logistic regression learned.

`make train-copy` learns them from the gold set and writes them beside this module: how much each
word, piece of a word and pair of neighbours speaks for a claim, by its hash. A word that the
catalog has of the product counts as such, whatever it is.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from app.generation.copy.text import fold, words

WEIGHTS = Path(__file__).with_name("weights.bin")
LANGUAGES = frozenset(("ar", "de", "en", "es", "fr", "it", "ja", "nl", "pl"))
SIZE = 1 << 18
HEADER = Struct("<ff32s")
"""What a weight of one is worth, what every text begins with, and the digest of what was learned
from."""

SENTENCE = re.compile("(?<=[.!?\u061f])\\s+|(?<=[\u3002\uff01\uff1f])")
_PIECES = (3, 4, 5)
_SHORTEST_KNOWN = 4
_STEM = 5
_LONGEST_RUN = 4
_FEWEST_WORDS = 3
"""Words that a sentence is judged by: of two, the lists know what there is to know."""

_MOST_NAMED = 3
_KNOWN, _NUMBER, _BEGIN, _END = "=", "#", "^", "$"


class Likeness(NamedTuple):
    """How much a text sounds like a claim, positive where it does, and the words it is for."""

    score: float
    words: str = ""


class Classifier:
    """Reads the weights of a file's bytes."""

    def __init__(self, written: bytes) -> None:
        self._scale, self._bias, self.digest = HEADER.unpack_from(written)
        self._weights = array("b", written[HEADER.size :])

    def likeness(self, text: str, language: str, is_known: Callable[[str], bool]) -> Likeness:
        """Return that of the sentence which sounds most like one.

        `is_known` says whether the catalog has a folded word.
        """
        sentences = (it for it in sentences_of(text) if len(it) >= _FEWEST_WORDS)
        found = (self._of_sentence(it, language, is_known) for it in sentences)
        return max(found, default=Likeness(self._bias), key=lambda it: it.score)

    def _of_sentence(
        self, tokens: Sequence[str], language: str, is_known: Callable[[str], bool]
    ) -> Likeness:
        found = features(tokens, language, is_known)
        weigh = self._weights.__getitem__
        shares = [sum(map(weigh, at)) for at in found]
        score = self._bias + self._scale * sum(shares) / sum(map(len, found)) ** 0.5
        gravest = sorted(range(len(tokens)), key=lambda at: -shares[at])[:_MOST_NAMED]
        return Likeness(score, " ".join(tokens[at] for at in sorted(gravest) if shares[at] > 0))


@lru_cache(1)
def classifier() -> Classifier:
    """Return ours, read when it is first needed."""
    return Classifier(WEIGHTS.read_bytes())


def sentences_of(text: str) -> Iterator[list[str]]:
    """Yield the folded words of each sentence."""
    for sentence in SENTENCE.split(text):
        if tokens := words(fold(sentence)):
            yield tokens


def features(
    tokens: Sequence[str], language: str, is_known: Callable[[str], bool]
) -> list[list[int]]:
    """Return where the weights of each word of a sentence stand: its own, and what follows it."""
    seed = crc32(language.encode())
    if language == "ja":
        return _runs(tokens, seed)
    stems, own = [_BEGIN], []
    for word in tokens:
        if len(word) >= _SHORTEST_KNOWN and is_known(word):
            stems.append(_KNOWN)
            own.append([_place(seed, _KNOWN), _place(seed, _KNOWN + word[:_STEM])])
        else:
            shown = _NUMBER if word[0].isdecimal() else word
            stems.append(shown[:_STEM])
            own.append(list(_pieces(seed, shown)))
    stems.append(_END)
    for at, (one, next_one) in enumerate(pairwise(stems)):
        place = own[max(at - 1, 0)]
        place.append(_place(seed, f"{one} {next_one}"))
        if at + 2 < len(stems):
            place.append(_place(seed, f"{one}~{stems[at + 2]}"))
    return own


def _runs(tokens: Sequence[str], seed: int) -> list[list[int]]:
    """Return the same of a text without spaces: every run of up to four characters."""
    chars = [_BEGIN, *(_NUMBER if token[0].isdecimal() else token for token in tokens), _END]
    own: list[list[int]] = [[] for _ in tokens]
    for at in range(len(chars)):
        place = own[min(max(at - 1, 0), len(tokens) - 1)]
        ends = range(at + 1, min(at + _LONGEST_RUN, len(chars)) + 1)
        place.extend(_place(seed, "".join(chars[at:end])) for end in ends)
        if at + 2 < len(chars):
            place.append(_place(seed, f"{chars[at]}~{chars[at + 2]}"))
    return own


@lru_cache(2048)
def _pieces(seed: int, word: str) -> tuple[int, ...]:
    """Return the places of a word and of its pieces."""
    whole = f"<{word}>"
    pieces = (whole[at : at + size] for size in _PIECES for at in range(len(whole) - size + 1))
    return tuple(_place(seed, piece) for piece in (whole, *pieces))


def _place(seed: int, feature: str) -> int:
    return crc32(feature.encode(), seed) % SIZE
