"""What models may cost, shared by all instances: paid by the Worker, as docs/bindings.md says."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from app.domain.events import Lease
from app.domain.limits import Claim, Verdict
from app.storage.errors import StorageError
from app.storage.http import Answer, LazyHttpClient, Request


class WorkerLedgers:
    """Ledgers of the last sixty minutes, by the Worker's clock. Both may raise StorageError."""

    def __init__(self, http: LazyHttpClient, base: str, headers: Mapping[str, str]) -> None:
        self._http = http
        self._base = base
        self._headers = headers

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
        url, body = f"{self._base}/ledger/{act}", json.dumps(payload).encode()
        request = Request("POST", url, "ledger", body, self._headers, reads=waited_for)
        answer = await self._http.send(request)
        if not answer.is_good:
            raise answer.failure()
        return answer
