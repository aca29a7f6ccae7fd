"""The shop's tables in D1, whichever way it is asked: in parts it takes, with answers checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from app.storage.db.repository import ShopRepository, Statement
from app.storage.db.rows import Row
from app.storage.errors import StorageError

MAX_STATEMENTS = 50
"""Statements of one call, which are one transaction."""

MAX_PARAMETERS = 100
"""Question marks of one statement (D1's limit)."""

MAX_BODY_BYTES = 1024 * 1024
"""What the Worker's binding takes of one call."""

Send = Callable[[Sequence[Statement]], Awaitable[object]]
"""Has D1 run statements and returns, not yet checked, the rows of each; StorageError where not."""


class D1Database(ShopRepository):
    """The tables in D1. Every method may raise StorageError.

    Migrations are applied when the Worker is deployed. More statements than one call takes are
    several transactions: that happens to records only, each of which stands for itself.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    async def _transact(self, work: Sequence[Statement]) -> Sequence[Sequence[Row]]:
        found: list[Sequence[Row]] = []
        for at in range(0, len(work), MAX_STATEMENTS):
            part = work[at : at + MAX_STATEMENTS]
            found += _checked(await self._send(part), len(part))
        return found


def _checked(results: object, expected: int) -> list[Sequence[Row]]:
    """Return an answer's rows once they are known to be rows."""
    if not isinstance(results, list) or len(results) != expected:
        raise StorageError("d1: an answer of another form")
    for rows in results:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise StorageError("d1: an answer of another form")
    return results
