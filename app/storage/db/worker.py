"""D1 through the Worker's binding: docs/bindings.md says what is spoken."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from app.storage.db.repository import Statement, only_reads
from app.storage.errors import StorageError
from app.storage.http import OK, LazyHttpClient, Request


class WorkerD1:
    """Has the Worker run statements."""

    def __init__(self, http: LazyHttpClient, url: str, headers: Mapping[str, str]) -> None:
        self._http = http
        self._url = url
        self._headers = {**headers, "content-type": "application/json"}

    async def __call__(self, work: Sequence[Statement]) -> object:
        """Return the rows of each statement, not yet checked.

        Raises:
            StorageError: the Worker does not answer, or not well.
        """
        request = Request("POST", f"{self._url}/", "d1 binding", call_body(work), self._headers)
        answer = await self._http.send(request._replace(reads=only_reads(work)))
        if answer.status != OK:
            raise answer.failure()
        payload = answer.json()
        if not isinstance(payload, dict):
            raise StorageError("d1 binding: an answer of another form")
        return payload.get("results")


def call_body(work: Sequence[Statement]) -> bytes:
    """Return statements as the Worker is sent them."""
    statements = [{"sql": item.sql.strip(), "params": list(item.params)} for item in work]
    return json.dumps({"statements": statements}, ensure_ascii=False).encode()
