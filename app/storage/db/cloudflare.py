"""D1 through Cloudflare's REST API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from app.storage.cloudflare_api import PATIENCE, CloudflareApi, result
from app.storage.db.repository import Statement, only_reads
from app.storage.errors import StorageError


class CloudflareD1:
    """Has the API run statements, all of a call in one batch."""

    def __init__(self, api: CloudflareApi, account: str, database: str) -> None:
        self._api = api
        ids = (quote(account, safe=""), quote(database, safe=""))
        self._path = "/accounts/{}/d1/database/{}/query".format(*ids)

    async def __call__(self, work: Sequence[Statement]) -> object:
        """Return the rows of each statement, not yet checked.

        Raises:
            StorageError: the API does not answer, or not well.
        """
        batch = [{"sql": item.sql.strip(), "params": _texts(item)} for item in work]
        body = json.dumps({"batch": batch}, ensure_ascii=False).encode()
        patience = 0.0 if only_reads(work) else PATIENCE
        results = result(await self._api.call("POST", self._path, body, patience=patience))
        if not isinstance(results, list):
            raise StorageError("cloudflare: an answer of another form")
        return [_rows(item) for item in results]


def _texts(statement: Statement) -> list[str | None]:
    """Return values as the API documents them: texts. The columns' types make numbers of them."""
    return [value if value is None else str(value) for value in statement.params]


def _rows(payload: object) -> object:
    if not isinstance(payload, dict) or payload.get("success") is not True:
        raise StorageError("cloudflare: a statement did not succeed")
    return payload.get("results")
