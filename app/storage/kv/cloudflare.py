"""Workers KV through Cloudflare's REST API: what is written close together is one call."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote

from app.storage.cloudflare_api import PATIENCE, CloudflareApi, result
from app.storage.errors import StorageError
from app.storage.http import NOT_FOUND
from app.storage.kv.limits import check_pair

GATHERING = 0.5
"""Seconds in which writes are gathered."""

_MOST_PAIRS = 1_000
_MOST_BYTES = 16 * 1024 * 1024


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
        """Keep a value for `ttl` seconds; the newest of those who wait counts.

        Raises:
            InvalidPair: KV would never take the pair.
        """
        check_pair(key, value, ttl)
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
        failed = dict.fromkeys(taken, StorageError("cloudflare: nothing was written"))
        try:
            failed = await self._send_bulk(taken)
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

    async def _send_bulk(self, taken: dict[str, _Waiting]) -> dict[str, StorageError]:
        """Write pairs in one call; return what of them was not written."""
        pairs = [_pair(key, waiting) for key, waiting in taken.items()]
        body = json.dumps(pairs, ensure_ascii=False).encode()
        answer = await self._api.call("PUT", f"{self._path}/bulk", body, patience=PATIENCE)
        payload = result(answer)
        missed = payload.get("unsuccessful_keys") if isinstance(payload, dict) else None
        names = missed if isinstance(missed, list) else []
        failure = StorageError("cloudflare: a pair was not written")
        return {name: failure for name in names if isinstance(name, str)}


def _pair(key: str, waiting: _Waiting) -> dict[str, object]:
    pair = {"key": key, "expiration_ttl": waiting.ttl}
    try:
        return {**pair, "value": waiting.value.decode()}
    except UnicodeDecodeError:
        return {**pair, "value": b64encode(waiting.value).decode(), "base64": True}
