"""Limits calls and tokens by shop and hour, and calls by client address and hour.

A call is paid before it is made, with the most it can cost; what it did not use is given back when
it ends. So the budget holds however many pages are composed at once. The hour slides by minutes.
Where processes share their ledgers it holds for all of them together; while those cannot be
reached, each goes on with what it knows to have spent itself, of the instance's share of it. Where
a page is paid for by its lease alone, nothing is paid meanwhile.
Pages that nobody has asked for yet leave a quarter of each limit to those that somebody has.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from app.domain.events import Lease
from app.domain.limits import Claim, Spending, Verdict
from app.domain.llm import CallRefused, Prompt
from app.domain.network import rate_limit_key
from app.storage.errors import StorageError
from app.storage.ports import Kv, SharedLedgers
from app.util.latest import Latest
from app.util.tasks import Tasks

_MINUTES = 60
_HOUR = 3600
_SOON = 1.0
_MOST_ADDRESSES = 10_000
_MOST_SHOPS = 1_000
_SHARE_AHEAD = 0.75
_SHOP = "shop:"
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
        """Return calls and tokens of the hour that ends with this minute.

        What lies ahead was spent before the clock was put back, and counts as of now.
        """
        for at in [at for at in self._minutes if not minute - _MINUTES < at <= minute]:
            spent = self._minutes.pop(at)
            if at > minute:
                self.add(minute, *spent)
        kept = self._minutes.values()
        return sum(calls for calls, _ in kept), sum(tokens for _, tokens in kept)

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

    `limits` are for all who share the ledgers, an instance's share of it where nobody does.
    `counts` says how often a call was not paid for. What is spent is kept within a second; where
    calls may wait for that, for so many seconds at most, a process that is killed has paid as well.
    """

    def __init__(
        self,
        limits: Spending,
        kv: Kv,
        now: Callable[[], float],
        shared: SharedLedgers | None = None,
        *,
        wait: float = 0.0,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.limits = limits if shared else limits.share
        self._share = limits.share
        self._kv = kv
        self._now = now
        self._shared = shared
        self._verdicts: Latest[str, Verdict] = Latest(_MOST_SHOPS)
        self._wait = wait
        self._ledgers: Latest[str, Ledger] = Latest(_MOST_SHOPS)
        self._all = Ledger()
        self._opening = asyncio.Lock()
        self._addresses: Latest[str, Ledger] = Latest(_MOST_ADDRESSES)
        self._writing: dict[str, asyncio.Task[None]] = {}
        self._settling = Tasks()

    async def reserve(self, prompt: Prompt, most: int) -> Settle:
        """Pay for a call that may take `most` tokens; return what settles it.

        Raises:
            CallRefused: the budget of the shop or of all shops is spent for this hour
                (BUDGET_SPENT), or the client's address has had its share (ADDRESS_LIMIT), or
                another process composes the page by now (LEASE_LOST), or nobody can say by whom it
                is composed (BUDGET_UNREACHABLE).
        """
        claims = self._claims(prompt, most, self.limits)
        shared = await self._take_shared(claims, prompt.lease)
        if shared is None:
            claims = self._claims(prompt, most, self._share)
        shop, everybody, *address = claims
        ledgers = [await self._ledger(shop.account), self._all]
        ledgers += [self._ledger_of_address(claim.account) for claim in address]
        minute = self._minute()
        refused = shared.refused if shared else _first_refused(claims, ledgers, minute)
        if refused is not None:
            if refused > 1:
                raise self._no("ADDRESS_LIMIT", "too many pages for one address")
            raise self._no("BUDGET_SPENT", "the budget is spent")
        for ledger, claim in zip(ledgers, claims, strict=True):
            ledger.add(minute, 1, claim.tokens)
        self._store(shop.account)
        try:
            await self._kept(shop.account)
        except asyncio.CancelledError:
            for ledger, claim in zip(ledgers, claims, strict=True):
                ledger.add(minute, -1, -claim.tokens)
            raise

        def settle(used: int) -> None:
            for ledger in ledgers[:2]:
                ledger.add(minute, 0, used - most)
            self._store(shop.account)
            if shared:
                accounts = (shop.account, everybody.account)
                self._settling.start(self._give_back(accounts, shared, most - used), "give back")

        return settle

    def _claims(self, prompt: Prompt, most: int, limits: Spending) -> list[Claim]:
        """Return who pays: the shop, all shops together, and the client's address if it has one.

        In an address's ledger a call for a new shopper is a token too.
        """
        account = _INLINE_SHOPS if prompt.shop.inline else prompt.shop.id
        client = prompt.client
        share = _SHARE_AHEAD if client.ahead else 1.0
        claims = [
            Claim(_SHOP + account, most, limits.calls * share, limits.tokens * share),
            Claim("all", most, limits.all_calls * share, limits.all_tokens * share),
        ]
        if client.address:
            name = f"address:{rate_limit_key(client.address)}"
            for_new = math.ceil(limits.new_calls * share) if client.new else math.inf
            claims.append(Claim(name, int(client.new), limits.address_calls * share, for_new))
        return claims

    async def _take_shared(self, claims: list[Claim], lease: Lease | None) -> Verdict | None:
        """Return what came of the claims on ledgers that are shared, if there are any in reach."""
        if self._shared is None:
            return None
        try:
            verdict = await self._shared.take(claims, lease)
        except StorageError:
            if self._shared.leased:
                raise self._no("BUDGET_UNREACHABLE", "nobody knows who composes") from None
            self.counts["paid_unshared"] += 1
            return None
        if verdict.lost and lease:
            lease.lose()
            raise self._no("LEASE_LOST", "another process composes the page")
        self._verdicts[claims[0].account] = verdict
        return verdict

    async def _give_back(self, accounts: tuple[str, str], verdict: Verdict, tokens: int) -> None:
        """Give back what a call did not use; where that fails it stays spent."""
        try:
            if self._shared is not None:
                await self._shared.give_back(accounts, verdict.minute, tokens)
        except StorageError:
            self.counts["not_given_back"] += 1

    async def flush(self) -> None:
        """Keep what has been spent, now."""
        await self._settling.wait()
        for account, task in list(self._writing.items()):
            task.cancel()
            await self._keep(account)

    def left(self, shop_id: str) -> tuple[int, int]:
        """Return the calls and tokens a shop has left this hour, as far as they are known."""
        account = _SHOP + shop_id
        ledger = self._ledgers.get(account) or Ledger()
        calls, tokens = ledger.spent(self._minute())
        shared = self._verdicts.get(account)
        if shared and shared.minute > self._minute() - _MINUTES:
            calls, tokens = shared.calls, shared.tokens
        return max(0, self.limits.calls - calls), max(0, self.limits.tokens - tokens)

    async def _ledger(self, account: str) -> Ledger:
        async with self._opening:
            if account not in self._ledgers:
                self._ledgers[account] = read_ledger(await self._kv.get(_key(account)))
            return self._ledgers[account]

    def _ledger_of_address(self, account: str) -> Ledger:
        ledger = self._addresses[account] = self._addresses.get(account) or Ledger()
        return ledger

    def _no(self, code: str, reason: str) -> CallRefused:
        self.counts[code] += 1
        return CallRefused(code, reason)

    def _store(self, account: str) -> None:
        """Keep the ledger soon; what is spent meanwhile is kept with it."""
        if account not in self._writing:
            self._writing[account] = asyncio.create_task(self._write(account))

    async def _kept(self, account: str) -> None:
        """Wait until what is spent is kept, as long as a call may wait for that."""
        if self._wait:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._wait):
                    await self._keep(account)

    async def _write(self, account: str) -> None:
        try:
            await asyncio.sleep(_SOON)
        finally:
            del self._writing[account]
        await self._keep(account)

    async def _keep(self, account: str) -> None:
        """Keep a ledger; where KV fails it is counted there, and the ledger holds in memory."""
        if account in self._ledgers:
            await self._kv.put(_key(account), self._ledgers[account].as_json(), _HOUR)

    def _minute(self) -> int:
        return int(self._now() // 60)


def _first_refused(claims: list[Claim], ledgers: list[Ledger], minute: int) -> int | None:
    """Return which of the claims on these ledgers cannot be paid, None where all can be."""
    for at, (claim, ledger) in enumerate(zip(claims, ledgers, strict=True)):
        calls, tokens = ledger.spent(minute)
        if calls >= claim.max_calls or tokens + claim.tokens > claim.max_tokens:
            return at
    return None


def _key(account: str) -> str:
    shop_id = account.removeprefix(_SHOP)
    return f"budget:{shop_id}"
