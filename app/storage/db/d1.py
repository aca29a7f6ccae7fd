"""The shop's tables in D1, whichever way it is asked, with answers checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from app.storage.db.repository import ShopRepository, Statement
from app.storage.db.rows import Row
from app.storage.errors import StorageError

MAX_STATEMENTS = 50
"""Statements of one call, which are one transaction."""

MAX_RECORDS = (MAX_STATEMENTS - 2) // 2
"""Visits that are written in one call, with as many generations and the check whose they are:
whoever is killed between two has written nothing of who was erased."""

MAX_PARAMETERS = 100
"""Question marks of one statement (D1's limit)."""

MAX_BODY_BYTES = 1024 * 1024
"""What the Worker's binding takes of one call."""

Send = Callable[[Sequence[Statement]], Awaitable[object]]
"""Has D1 run statements and returns, not yet checked, the rows of each; StorageError where not."""


class D1Database(ShopRepository):
    """The tables in D1. Every method may raise StorageError.

    Migrations are applied when the Worker is deployed.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    async def _transact(self, work: Sequence[Statement]) -> Sequence[Sequence[Row]]:
        results = await self._send(work)
        if not isinstance(results, list) or len(results) != len(work):
            raise StorageError("d1: an answer of another form")
        for rows in results:
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise StorageError("d1: an answer of another form")
        return results
