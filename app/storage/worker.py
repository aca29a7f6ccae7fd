"""The Worker's bindings: KV, D1, and what instances share at the edge, over HTTP.

docs/bindings.md is the protocol. Every method may raise StorageError.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from app.domain.events import Lease
from app.domain.limits import Claim, Verdict
from app.storage.db.repository import Statement, only_reads
from app.storage.errors import InvalidPair, StorageError
from app.storage.http import BAD_REQUEST, NOT_FOUND, TOO_LARGE, Answer, LazyHttpClient


class _Binding:
    """Sends requests to one of the bindings; `where` names it in messages."""

    where = ""

    def __init__(self, http: LazyHttpClient, base: str, headers: Mapping[str, str]) -> None:
        self._http = http
        self._base = base
        self._headers = headers

    async def _ask(
        self, method: str, path: str, body: bytes | None = None, *, reads: bool = False
    ) -> Answer:
        """Return the answer, whatever its status."""
        url = f"{self._base}{path}"
        return await self._http.send(
            method, url, body, where=self.where, headers=self._headers, reads=reads
        )


class WorkerKv(_Binding):
    """Pairs with a time to live in Workers KV."""

    where = "kv binding"

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where there is none."""
        answer = await self._ask("GET", _place(key), reads=True)
        return None if answer.status == NOT_FOUND else answer.good().body

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` seconds.

        Raises:
            InvalidPair: KV would never take the pair.
        """
        answer = await self._ask("PUT", f"{_place(key)}?ttl={ttl}", value)
        if answer.status in (BAD_REQUEST, TOO_LARGE):
            raise InvalidPair(f"kv binding: HTTP {answer.status}")
        answer.good()

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        answer = await self._ask("DELETE", _place(key))
        if answer.status != NOT_FOUND:
            answer.good()


def _place(key: str) -> str:
    return f"/{quote(key, safe='')}"


class WorkerD1(_Binding):
    """Has D1 run statements."""

    where = "d1 binding"

    async def __call__(self, work: Sequence[Statement]) -> object:
        """Return the rows of each statement, not yet checked."""
        answer = await self._ask("POST", "/", call_body(work), reads=only_reads(work))
        payload = answer.good().json()
        if not isinstance(payload, dict):
            raise StorageError("d1 binding: an answer of another form")
        return payload.get("results")


def call_body(work: Sequence[Statement]) -> bytes:
    """Return statements as the Worker is sent them."""
    statements = [{"sql": item.sql.strip(), "params": list(item.params)} for item in work]
    return json.dumps({"statements": statements}, ensure_ascii=False).encode()


class WorkerFiles(_Binding):
    """Files that the Worker serves by itself, by their keys."""

    where = "edge files"

    async def known(self) -> tuple[str, dict[str, str]]:
        """Return the release that was published, and each file's key; a removed one has none."""
        payload = (await self._ask("GET", "/files")).good().json()
        try:
            return str(payload["release"]), dict(payload["keys"])
        except (KeyError, TypeError, ValueError):
            raise StorageError("edge files: an answer of another form") from None

    async def put(self, name: str, key: str, data: bytes | None) -> None:
        """Have a file served from now on in the place of the one of its name, or none.

        Raises:
            InvalidPair: it is too large.
        """
        path = f"/files/{quote(name)}"
        if data is None:
            answer = await self._ask("DELETE", path)
        else:
            answer = await self._ask("PUT", f"{path}?key={key}", data)
        if answer.status == TOO_LARGE:
            raise InvalidPair("edge files: HTTP 413")
        answer.good()


class WorkerLedgers(_Binding):
    """Ledgers of the last sixty minutes, by the Worker's clock."""

    where = "ledger"
    leased = False

    async def take(self, claims: Sequence[Claim], lease: Lease | None) -> Verdict:  # noqa: ARG002 - instances hold none
        """Pay all claims or none, in one round trip."""
        rows = [
            {name: value for name, value in claim._asdict().items() if value != math.inf}
            for claim in claims
        ]
        answer = await self._post("take", {"claims": rows}, waited_for=True)
        try:
            return Verdict(**answer.json())
        except TypeError:
            raise StorageError("ledger: an answer of another form") from None

    async def give_back(self, accounts: Sequence[str], minute: int, tokens: int) -> None:
        """Give back tokens that were paid in a minute."""
        await self._post("give-back", {"accounts": accounts, "minute": minute, "tokens": tokens})

    async def _post(self, act: str, payload: object, *, waited_for: bool = False) -> Answer:
        body = json.dumps(payload).encode()
        return (await self._ask("POST", f"/ledger/{act}", body, reads=waited_for)).good()
