"""A short turn of the fuzzer with every run of the tests; `make fuzz` takes a minute of it."""

from __future__ import annotations

from tests.fuzz import Fuzz


def test_four_hundred_broken_answers_are_read_alike_and_draw_nothing_strange() -> None:
    fuzz = Fuzz(seed=20_260)
    for _ in range(400):
        fuzz.check(fuzz.text())
    assert fuzz.seen["admitted"] > 100
    assert len(fuzz.seen) > 8, "many kinds of refusals were met"
