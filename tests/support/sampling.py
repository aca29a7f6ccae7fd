"""How many cases of a long table a run takes: `make check` every sixteenth, `make test` each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import settings

Case = TypeVar("Case")


def sampled(cases: Sequence[Case]) -> Sequence[Case]:
    """Return all cases, or a sixteenth of them where property tests have as few examples."""
    return cases[:: max(1, 100 // settings().max_examples)]
