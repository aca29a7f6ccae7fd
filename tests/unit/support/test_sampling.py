"""What `make check` takes of tests with many cases."""

from __future__ import annotations

import pytest

from tests.support.sampling import few_of_each


@pytest.mark.parametrize("number", [1, 2])
def test_of_few_cases_all_are_taken(number: int) -> None:
    tests = {f"a.py::test[{case}]" for case in range(number)}
    assert few_of_each(sorted(tests)) == tests


def test_of_many_cases_the_first_and_the_last_are_taken() -> None:
    many = [f"a.py::test[{case}[]]" for case in range(9)]
    others = ["a.py::test_other[x]", "b.py::test[x]", "b.py::test_alone"]
    assert few_of_each([*many, *others]) == {many[0], many[8], *others}
