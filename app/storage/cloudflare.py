"""KV and D1 through Cloudflare's REST API, well under its rate limit.

1,200 calls in 5 minutes are allowed for everything of an account's user together, and going beyond
blocks all of it for 5 minutes. Here at most 100 calls at once and 2 a second are made: 700 in any 5
minutes.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.storage.db.repository import Statement, only_reads
from app.storage.errors import StorageError
from app.storage.http import NOT_FOUND, TOO_MANY, Answer, LazyHttpClient
from app.util.rate_limit import Rate, RateLimiter

CALLS = Rate(burst=100, seconds=0.5)
PATIENCE = 5.0
"""Seconds a write waits for its turn; a read does not wait at all."""

_SPARE = 60
"""Calls left to others who use the same account."""

_BLOCKED_FOR = 300.0
_LONGEST_BLOCK = 3600.0
_REMAINING = re.compile(r";\s*r=(\d{1,9})\b")
_RESET = re.compile(r";\s*t=(\d{1,6})\b")

GATHERING = 0.5
"""Seconds in which writes are gathered."""

_MOST_PAIRS = 1_000
_MOST_BYTES = 16 * 1024 * 1024


class CloudflareApi:
    """Makes calls for one account, each with a bearer token."""

    def __init__(
        self, http: LazyHttpClient, base: str, token: str, clock: Callable[[], float]
    ) -> None:
        self._http = http
        self._base = base
        self._headers = {"authorization": f"Bearer {token}"}
        self._clock = clock
        self._pace = RateLimiter(CALLS, clock)
        self._blocked_until = 0.0

    async def call(
        self, method: str, path: str, body: bytes | None = None, *, patience: float = 0.0
    ) -> Answer:
        """Make a call and return its answer, which may be a refusal. A read has no patience.

        Raises:
            StorageError: no answer, or none may be asked for just now.
        """
        await self._turn(patience)
        headers = self._headers | ({"content-type": "application/json"} if body else {})
        url = f"{self._base}{path}"
        answer = await self._http.send(
            method, url, body, where="cloudflare", headers=headers, reads=not patience
        )
        self._obey(answer)
        return answer

    async def _turn(self, patience: float) -> None:
        """Wait until a call may be made, for so many seconds."""
        end = self._clock() + patience
        while True:
            wait = self._blocked_until - self._clock()
            if wait <= 0:
                wait = self._pace.acquire("calls")
            if wait <= 0:
                return
            if self._clock() + wait > end:
                raise StorageError("cloudflare: no more calls just now", wait)
            await asyncio.sleep(wait)

    def _obey(self, answer: Answer) -> None:
        """Make no call for as long as the answer's headers ask."""
        if answer.status == TOO_MANY:
            after = answer.failure().retry_after
            self._block(_BLOCKED_FOR if after is None else min(after, _LONGEST_BLOCK))
            return
        limit = answer.headers.get("ratelimit", "")
        remaining, reset = _REMAINING.search(limit), _RESET.search(limit)
        if remaining and reset:
            self._leave_some(int(remaining[1]), float(reset[1]))
        names = ("x-ratelimit-remaining", "x-ratelimit-reset")
        left, seconds = (answer.headers.get(name, "") for name in names)
        if left.isdecimal() and seconds.isdecimal():
            self._leave_some(int(left), float(seconds))

    def _leave_some(self, remaining: int, seconds: float) -> None:
        if remaining <= _SPARE:
            self._block(min(seconds, _BLOCKED_FOR))

    def _block(self, seconds: float) -> None:
        self._blocked_until = max(self._blocked_until, self._clock() + seconds)


def result(answer: Answer) -> Any:
    """Return what the envelope of an answer holds.

    Raises:
        StorageError: the call did not succeed; with the API's own code, if it names one.
    """
    payload = answer.good().json()
    if isinstance(payload, dict) and payload.get("success") is True:
        return payload.get("result")
    errors = payload.get("errors") if isinstance(payload, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    code = first.get("code") if isinstance(first, dict) else None
    raise StorageError(f"cloudflare: error {code if isinstance(code, int) else 'unnamed'}")


@dataclass(slots=True)
class _Waiting:
    """A pair that waits for the next call, and who waits for it."""

    value: bytes
    ttl: int
    done: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class CloudflareKv:
    """Pairs with a time to live, gathered for so many seconds to be written in one call.

    Every method may raise StorageError.
    """

    def __init__(
        self, api: CloudflareApi, account: str, namespace: str, gathering: float = GATHERING
    ) -> None:
        self._api = api
        self._gathering = gathering
        ids = (quote(account, safe=""), quote(namespace, safe=""))
        self._path = "/accounts/{}/storage/kv/namespaces/{}".format(*ids)
        self._waiting: dict[str, _Waiting] = {}
        self._size = 0
        self._sending: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Send what is waiting."""
        if self._sending is not None:
            await asyncio.wait({self._sending})

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where there is none."""
        answer = await self._api.call("GET", self._place(key))
        return None if answer.status == NOT_FOUND else answer.good().body

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` seconds; the newest of those who wait counts."""
        before = self._waiting.get(key)
        grown = len(value) - (len(before.value) if before else 0)
        is_full = not before and len(self._waiting) >= _MOST_PAIRS
        if self._waiting and (is_full or self._size + grown > _MOST_BYTES):
            raise StorageError("cloudflare: too much is waiting to be written")
        self._size += grown
        waiting = before or self._waiting.setdefault(key, _Waiting(value, ttl))
        waiting.value, waiting.ttl = value, ttl
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all(), name="kv bulk")
        await asyncio.shield(waiting.done)

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        answer = await self._api.call("DELETE", self._place(key), patience=PATIENCE)
        if answer.status != NOT_FOUND:
            answer.good()

    def _place(self, key: str) -> str:
        return f"{self._path}/values/{quote(key, safe='')}"

    async def _send_all(self) -> None:
        """Send what is gathered, and what came meanwhile, until nothing waits."""
        try:
            while True:
                await asyncio.sleep(self._gathering)
                taken, self._waiting, self._size = self._waiting, {}, 0
                await self._send(taken)
                if not self._waiting:
                    break
        finally:
            self._sending = None

    async def _send(self, taken: dict[str, _Waiting]) -> None:
        """Write pairs in one call, and tell those who wait what of them was not written."""
        failed = dict.fromkeys(taken, StorageError("cloudflare: nothing was written"))
        try:
            pairs = [_pair(key, waiting) for key, waiting in taken.items()]
            body = json.dumps(pairs, ensure_ascii=False).encode()
            answer = await self._api.call("PUT", f"{self._path}/bulk", body, patience=PATIENCE)
            payload = result(answer)
            missed = payload.get("unsuccessful_keys") if isinstance(payload, dict) else None
            names = [it for it in missed if isinstance(it, str)] if isinstance(missed, list) else []
            failed = dict.fromkeys(names, StorageError("cloudflare: a pair was not written"))
        except StorageError as error:
            failed = dict.fromkeys(taken, error)
        finally:
            for key, waiting in taken.items():
                if waiting.done.done():
                    continue
                if key in failed:
                    waiting.done.set_exception(failed[key])
                    waiting.done.exception()  # whoever waited may have left
                else:
                    waiting.done.set_result(None)


def _pair(key: str, waiting: _Waiting) -> dict[str, object]:
    pair = {"key": key, "expiration_ttl": waiting.ttl}
    try:
        return {**pair, "value": waiting.value.decode()}
    except UnicodeDecodeError:
        return {**pair, "value": b64encode(waiting.value).decode(), "base64": True}


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
        # Values are texts, as the API documents them; the columns' types make numbers of them.
        batch = [
            {
                "sql": item.sql.strip(),
                "params": [None if value is None else str(value) for value in item.params],
            }
            for item in work
        ]
        body = json.dumps({"batch": batch}, ensure_ascii=False).encode()
        patience = 0.0 if only_reads(work) else PATIENCE
        results = result(await self._api.call("POST", self._path, body, patience=patience))
        if not isinstance(results, list):
            raise StorageError("cloudflare: an answer of another form")
        return [_rows(item) for item in results]


def _rows(payload: object) -> object:
    if not isinstance(payload, dict) or payload.get("success") is not True:
        raise StorageError("cloudflare: a statement did not succeed")
    return payload.get("results")
