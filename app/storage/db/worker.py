"""D1 through the Worker's binding."""

from __future__ import annotations

import json
from collections.abc import Sequence

from app.storage.db.repository import Statement, only_reads
from app.storage.errors import StorageError
from app.storage.http import WorkerBinding


class WorkerD1(WorkerBinding):
    """Has the Worker run statements."""

    where = "d1 binding"

    async def __call__(self, work: Sequence[Statement]) -> object:
        """Return the rows of each statement, not yet checked.

        Raises:
            StorageError: the Worker does not answer, or not well.
        """
        answer = await self._ask("POST", "/", call_body(work), reads=only_reads(work))
        payload = answer.good().json()
        if not isinstance(payload, dict):
            raise StorageError("d1 binding: an answer of another form")
        return payload.get("results")


def call_body(work: Sequence[Statement]) -> bytes:
    """Return statements as the Worker is sent them."""
    statements = [{"sql": item.sql.strip(), "params": list(item.params)} for item in work]
    return json.dumps({"statements": statements}, ensure_ascii=False).encode()
