"""Cloudflare's REST API: well under its limit, obedient to its headers, errors in our words.

1,200 calls in 5 minutes are allowed for everything of an account's user together, and going beyond
blocks all of it for 5 minutes. Here at most 100 calls at once and 2 a second are made: 700 in any 5
minutes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from app.storage.errors import StorageError
from app.storage.http import TOO_MANY, Answer, LazyHttpClient, Request
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
        request = Request(method, f"{self._base}{path}", "cloudflare", body, headers)
        answer = await self._http.send(request._replace(reads=not patience))
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
        old = (answer.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "reset"))
        left, seconds = old
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
