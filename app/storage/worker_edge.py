"""What instances share through the Worker: what models may cost, and what it serves by itself."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from urllib.parse import quote

from app.domain.events import Lease
from app.domain.limits import Claim, Verdict
from app.storage.errors import InvalidPair, StorageError
from app.storage.http import TOO_LARGE, Answer, WorkerBinding


class WorkerFiles(WorkerBinding):
    """Files at the edge, by their keys. Both methods may raise StorageError."""

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


class WorkerLedgers(WorkerBinding):
    """Ledgers of the last sixty minutes, by the Worker's clock. Both may raise StorageError."""

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
