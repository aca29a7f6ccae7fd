"""What is past its time goes a little at a time, and no failure stops the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.storage.db.rows import stamp
from app.storage.errors import StorageError
from app.storage.upkeep import Upkeep

pytestmark = pytest.mark.anyio


class Shelf:
    """Gives way as much as it is told each time, then nothing; or fails."""

    def __init__(self, slices: Sequence[int | None]) -> None:
        self.slices = list(slices)

    async def remove(self) -> int:
        removed = self.slices.pop(0) if self.slices else 0
        if removed is None:
            raise StorageError("locked")
        return removed


async def test_each_is_worked_at_until_nothing_is_left() -> None:
    first, second = Shelf([50, 50, 7]), Shelf([1])
    upkeep = Upkeep({"first": first.remove, "second": second.remove}, every=1.0)
    await upkeep.work()
    assert upkeep.counts == {"first": 107, "second": 1}


async def test_a_failure_is_counted_and_leaves_the_rest_for_the_next_time() -> None:
    first, second = Shelf([50, None, 7]), Shelf([1])
    upkeep = Upkeep({"first": first.remove, "second": second.remove}, every=1.0)
    await upkeep.work()
    assert upkeep.counts == {"first": 50, "first_failed": 1, "second": 1}
    await upkeep.work()
    assert upkeep.counts == {"first": 57, "first_failed": 1, "second": 1}


def test_times_are_told_as_records_tell_them() -> None:
    assert stamp(86_400 * 3, 2) == "1970-01-02T00:00:00.000+00:00"
