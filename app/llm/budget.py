"""What models may cost: calls and tokens a shop and hour, and calls a client address and hour.

A call is paid before it is made, with the most it can cost; what it did not use is given back when
it ends. So the budget holds however many pages are composed at once. The hour slides by minutes.
Pages that nobody has asked for yet leave a quarter of each limit to those that somebody has.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, OrderedDict
from collections.abc import Callable

from app.domain.limits import Spending
from app.domain.llm import CallRefused, Prompt
from app.domain.network import Client, rate_limit_key
from app.storage.ports import Kv

_MINUTES = 60
_HOUR = 3600
_SOON = 1.0
_MOST_ADDRESSES = 10_000
_MOST_SHOPS = 1_000
_SHARE_AHEAD = 0.75
_INLINE_SHOPS = "*"
"""The account of all shops that come with requests: their names cost nothing to make up."""


class Ledger:
    """What was spent in each of the last sixty minutes."""

    def __init__(self, minutes: dict[int, tuple[int, int]] | None = None) -> None:
        self._minutes = minutes or {}

    def add(self, minute: int, calls: int, tokens: int) -> None:
        """Add to a minute; a negative number gives back."""
        before = self._minutes.get(minute, (0, 0))
        self._minutes[minute] = (before[0] + calls, before[1] + tokens)

    def spent(self, minute: int) -> tuple[int, int]:
        """Return calls and tokens of the hour that ends with this minute."""
        old = [at for at in self._minutes if not minute - _MINUTES < at <= minute]
        for at in old:
            del self._minutes[at]
        spent = self._minutes.values()
        return sum(calls for calls, _ in spent), sum(tokens for _, tokens in spent)

    def as_json(self) -> bytes:
        """Return the ledger as KV keeps it."""
        return json.dumps([[at, *spent] for at, spent in self._minutes.items()]).encode()


def read_ledger(value: bytes | None) -> Ledger:
    """Read a ledger; one that makes no sense is empty."""
    try:
        rows = json.loads(value) if value else []
        return Ledger({int(at): (int(calls), int(tokens)) for at, calls, tokens in rows})
    except (ValueError, TypeError):
        return Ledger()


Settle = Callable[[int], None]
"""Ends a call that was paid for, once, with the tokens it really took."""


class Budget:
    """Pays for calls while there is money. `now` gives seconds since the epoch.

    `counts` says how often a call was not paid for. What is spent is kept within a second.
    """

    def __init__(self, limits: Spending, kv: Kv, now: Callable[[], float]) -> None:
        self.counts: Counter[str] = Counter()
        self._limits = limits
        self._kv = kv
        self._now = now
        self._ledgers: OrderedDict[str, Ledger] = OrderedDict()
        self._all = Ledger()
        self._opening = asyncio.Lock()
        self._addresses: OrderedDict[str, Ledger] = OrderedDict()
        self._writing: dict[str, asyncio.Task[None]] = {}

    async def reserve(self, prompt: Prompt, most: int) -> Settle:
        """Pay for a call that may take `most` tokens; return what settles it.

        Raises:
            CallRefused: the budget of the shop or of all shops is spent for this hour
                (BUDGET_SPENT), or the client's address has had its share (ADDRESS_LIMIT).
        """
        account = _INLINE_SHOPS if prompt.shop.inline else prompt.shop.id
        ledger = await self._ledger(account)
        minute = self._minute()
        limits, share = self._limits, _SHARE_AHEAD if prompt.client.ahead else 1.0
        for of, calls, tokens in (
            (ledger, limits.calls, limits.tokens),
            (self._all, limits.all_calls, limits.all_tokens),
        ):
            spent_calls, spent_tokens = of.spent(minute)
            if spent_calls >= calls * share or spent_tokens + most > tokens * share:
                raise self._no("BUDGET_SPENT", "the budget for this hour is spent")
        if prompt.client.address:
            self._count_address(prompt.client, minute, share)
        ledger.add(minute, 1, most)
        self._all.add(minute, 1, most)
        self._store(account)

        def settle(used: int) -> None:
            ledger.add(minute, 0, used - most)
            self._all.add(minute, 0, used - most)
            self._store(account)

        return settle

    async def flush(self) -> None:
        """Keep what has been spent, now."""
        for shop_id, task in list(self._writing.items()):
            task.cancel()
            await self._keep(shop_id)

    def left(self, shop_id: str) -> tuple[int, int]:
        """Return the calls and tokens a shop has left this hour, as far as they are known."""
        ledger = self._ledgers.get(shop_id) or Ledger()
        calls, tokens = ledger.spent(self._minute())
        return max(0, self._limits.calls - calls), max(0, self._limits.tokens - tokens)

    async def _ledger(self, shop_id: str) -> Ledger:
        async with self._opening:
            if shop_id not in self._ledgers:
                self._ledgers[shop_id] = read_ledger(await self._kv.get(_key(shop_id)))
            while len(self._ledgers) > _MOST_SHOPS:
                self._ledgers.popitem(last=False)
            return self._ledgers[shop_id]

    def _count_address(self, client: Client, minute: int, share: float) -> None:
        """Count a call for an address; in its ledger a call for a new shopper is a token too."""
        key = rate_limit_key(client.address)
        ledger = self._addresses.setdefault(key, Ledger())
        self._addresses.move_to_end(key)
        while len(self._addresses) > _MOST_ADDRESSES:
            self._addresses.popitem(last=False)
        calls, for_new = ledger.spent(minute)
        if calls >= self._limits.address_calls * share or (
            client.new and for_new >= self._limits.new_calls * share
        ):
            raise self._no("ADDRESS_LIMIT", "too many pages for one address")
        ledger.add(minute, 1, int(client.new))

    def _no(self, code: str, reason: str) -> CallRefused:
        self.counts[code] += 1
        return CallRefused(code, reason)

    def _store(self, shop_id: str) -> None:
        """Keep the ledger soon; what is spent meanwhile is kept with it."""
        if shop_id not in self._writing:
            self._writing[shop_id] = asyncio.create_task(self._write(shop_id))

    async def _write(self, shop_id: str) -> None:
        try:
            await asyncio.sleep(_SOON)
        finally:
            del self._writing[shop_id]
        await self._keep(shop_id)

    async def _keep(self, shop_id: str) -> None:
        """Keep a ledger; where KV fails it is counted there, and the ledger holds in memory."""
        if shop_id in self._ledgers:
            await self._kv.put(_key(shop_id), self._ledgers[shop_id].as_json(), _HOUR)

    def _minute(self) -> int:
        return int(self._now() // 60)


def _key(shop_id: str) -> str:
    return f"budget:{shop_id}"
