"""How many cases of a test are tried: `make check` takes some of them, `make test` each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from hypothesis import settings

Case = TypeVar("Case")

_USUAL = 100
"""Examples of a property test where nobody is in a hurry."""


def hurried() -> bool:
    """Say whether a run takes only some of the cases, as it does of the examples of properties."""
    return settings().max_examples < _USUAL


def sampled(cases: Sequence[Case]) -> Sequence[Case]:
    """Return all cases of a long table, or a sixteenth of them in a hurry."""
    return cases[::16] if hurried() else cases


def few_of_each(tests: Iterable[str]) -> set[str]:
    """Return of each test, by its name, the first and the last of its cases."""
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for test in tests:
        name = test.partition("[")[0]
        first.setdefault(name, test)
        last[name] = test
    return {*first.values(), *last.values()}
