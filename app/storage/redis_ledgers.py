"""What models may cost, shared by all processes: paid and checked in Redis in one piece."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from app.domain.events import Lease
from app.domain.limits import Claim, Verdict
from app.storage.errors import StorageError
from app.storage.redis import RedisServer
from app.storage.redis_journal import HOLD, keys_of

_TAKE = (
    HOLD
    + """
local id, milliseconds, length = unpack(ARGV, 1, 3)
if not hold(KEYS[1], KEYS[2], id, milliseconds, length) then return {-1, 0, 0, 0} end
local minute = math.floor(time[1] / 60)
local refused, first = 0, {0, 0}
local ledgers = {unpack(KEYS, 3)}
for i, ledger in ipairs(ledgers) do
    local spent = {calls = 0, tokens = 0}
    local rows = redis.call('HGETALL', ledger)
    for j = 1, #rows, 2 do
        local at, what = rows[j]:match('^(%d+):(%a+)$')
        at = tonumber(at)
        if at <= minute - 60 or at > minute then redis.call('HDEL', ledger, rows[j]) end
        if at > minute then redis.call('HINCRBY', ledger, minute .. ':' .. what, rows[j + 1]) end
        if at > minute - 60 then spent[what] = spent[what] + rows[j + 1] end
    end
    if i == 1 then first = {spent.calls, spent.tokens} end
    local tokens, max_calls, max_tokens = unpack(ARGV, 3 * i + 1, 3 * i + 3)
    if refused == 0 and (spent.calls >= tonumber(max_calls)
            or spent.tokens + tokens > tonumber(max_tokens)) then
        refused = i
    end
end
if refused == 0 then
    for i, ledger in ipairs(ledgers) do
        redis.call('HINCRBY', ledger, minute .. ':calls', 1)
        redis.call('HINCRBY', ledger, minute .. ':tokens', ARGV[3 * i + 1])
        redis.call('EXPIRE', ledger, lasting)
    end
    first = {first[1] + 1, first[2] + ARGV[4]}
end
return {refused, minute, first[1], first[2]}
"""
)
"""Of each ledger: the tokens to take, and what calls and tokens it may have spent. A ledger is a
hash of two numbers a minute; what lies ahead was spent before the clock was put back, and counts as
of now. Refused is the number of the first that cannot pay, else 0; or -1, and
nothing is paid, where the page that the call is for is another's to compose."""

_GIVE_BACK = """
for _, ledger in ipairs(KEYS) do
    if redis.call('HEXISTS', ledger, ARGV[1]) == 1 then
        redis.call('HINCRBY', ledger, ARGV[1], -ARGV[2])
    end
end
"""


class RedisLedgers:
    """Ledgers of the last sixty minutes, by Redis's clock. Both methods may raise StorageError."""

    leased = True

    def __init__(self, redis: RedisServer, lease_seconds: float) -> None:
        self._redis = redis
        self._lease_seconds = lease_seconds

    async def take(self, claims: Sequence[Claim], lease: Lease | None) -> Verdict:
        """Pay all claims or none, in one round trip, and only for who has the page's lease.

        Who was stopped until after the lease may have ended again does not know, and asks again.
        """
        if lease is None:
            raise StorageError("redis: nobody knows who composes the page")
        words = [word for claim in claims for word in claim[1:]]
        ledgers = _keys(claim.account for claim in claims)
        milliseconds = round(self._lease_seconds * 1000)
        for _ in range(2):
            began = time.monotonic()
            head = (lease.holder, milliseconds, lease.length)
            answer = await self._redis.run(_TAKE, [*keys_of(lease.key), *ledgers], *head, *words)
            if time.monotonic() - began < self._lease_seconds:
                break
        refused, minute, calls, tokens = answer
        if refused < 0:
            return Verdict(None, minute, calls, tokens, lost=True)
        return Verdict(refused - 1 if refused else None, minute, calls, tokens)

    async def give_back(self, accounts: Sequence[str], minute: int, tokens: int) -> None:
        """Give back tokens that were paid in a minute."""
        await self._redis.run(_GIVE_BACK, _keys(accounts), f"{minute}:tokens", tokens)


def _keys(accounts: Iterable[str]) -> list[str]:
    return [f"spent:{account}" for account in accounts]
