"""A short turn of the fuzzer with every run of the tests; `make fuzz` takes a minute of it."""

from __future__ import annotations

from tests.fuzz import Fuzz
from tests.support.sampling import sampled


def test_broken_answers_are_read_alike_and_draw_nothing_strange() -> None:
    fuzz = Fuzz(seed=20_260)
    rounds = sampled(range(200))
    for _ in rounds:
        fuzz.check(fuzz.text())
    assert fuzz.seen["admitted"] > len(rounds) / 4
    assert len(fuzz.seen) > 8, "many kinds of refusals were met"
