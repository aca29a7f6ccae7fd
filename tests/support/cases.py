"""One test of many cases: each as a test of its own takes longer to run than to be found right."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

Test = Callable[..., None]


def each(names: str | tuple[str, ...], cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Run a test for each case as `pytest.mark.parametrize` would, but with the same fixtures.

    Every case that fails is told.
    """
    kept = [(case,) if isinstance(names, str) else tuple(case) for case in cases]
    parameters = (names,) if isinstance(names, str) else names
    assert kept

    def in_turn(test: Test) -> Test:
        @wraps(test)
        def of_all(**fixtures: Any) -> None:
            failed = []
            for case in kept:
                values = dict(zip(parameters, case, strict=True))
                try:
                    test(**fixtures, **values)
                except Exception as error:  # noqa: BLE001 - all are told below
                    error.add_note(f"where {values}")
                    failed.append(error)
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(kept)} cases", failed)

        signature = inspect.signature(test)
        asked = [it for name, it in signature.parameters.items() if name not in parameters]
        of_all.__signature__ = signature.replace(parameters=asked)  # type: ignore[attr-defined]
        return of_all

    return in_turn
