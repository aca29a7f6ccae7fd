"""A test of many cases: all are run, and each that fails is told."""

from __future__ import annotations

import pytest

from tests.support.cases import each


def test_every_case_is_run_and_those_that_fail_are_told() -> None:
    seen = []

    @each(("left", "right"), [(1, 2), (3, 3), (4, 5)])
    def are_equal(left: int, right: int) -> None:
        seen.append(left)
        assert left == right

    with pytest.raises(ExceptionGroup, match="2 of 3 cases") as raised:
        are_equal()
    assert seen == [1, 3, 4]
    notes = [error.__notes__ for error in raised.value.exceptions]
    assert notes == [["where {'left': 1, 'right': 2}"], ["where {'left': 4, 'right': 5}"]]
