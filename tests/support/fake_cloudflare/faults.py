"""What a stand-in answers instead, when a test has told it to fail."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from starlette.responses import Response


class Fault(NamedTuple):
    """A status with headers and a body, or (`hang`) no answer for so many seconds."""

    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"a message nobody should repeat"
    hang: float = 0.0


class Faults(deque[Fault]):
    """The faults to come, one a request."""

    async def next(self) -> Response | None:
        if not self:
            return None
        fault = self.popleft()
        await asyncio.sleep(fault.hang)
        return Response(fault.body, fault.status, dict(fault.headers))
