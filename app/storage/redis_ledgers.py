"""What models may cost, shared by all processes: paid and checked in Redis in one piece."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.limits import Claim, Verdict
from app.storage.redis import RedisServer

_TAKE = """
local minute = math.floor(redis.call('TIME')[1] / 60)
local refused, first = 0, {0, 0}
for i, ledger in ipairs(KEYS) do
    local spent = {calls = 0, tokens = 0}
    local rows = redis.call('HGETALL', ledger)
    for j = 1, #rows, 2 do
        local at, what = rows[j]:match('^(%d+):(%a+)$')
        if tonumber(at) <= minute - 60 then
            redis.call('HDEL', ledger, rows[j])
        else
            spent[what] = spent[what] + rows[j + 1]
        end
    end
    if i == 1 then first = {spent.calls, spent.tokens} end
    local tokens, max_calls, max_tokens = unpack(ARGV, 3 * i - 2, 3 * i)
    if refused == 0 and (spent.calls >= tonumber(max_calls)
            or spent.tokens + tokens > tonumber(max_tokens)) then
        refused = i
    end
end
if refused == 0 then
    for i, ledger in ipairs(KEYS) do
        redis.call('HINCRBY', ledger, minute .. ':calls', 1)
        redis.call('HINCRBY', ledger, minute .. ':tokens', ARGV[3 * i - 2])
        redis.call('EXPIRE', ledger, 3660)
    end
    first = {first[1] + 1, first[2] + ARGV[1]}
end
return {refused, minute, first[1], first[2]}
"""
"""Of each ledger: the tokens to take, and what calls and tokens it may have spent. A ledger is a
hash of two numbers a minute. Refused is the number of the first that cannot pay, else 0."""

_GIVE_BACK = """
for _, ledger in ipairs(KEYS) do
    if redis.call('HEXISTS', ledger, ARGV[1]) == 1 then
        redis.call('HINCRBY', ledger, ARGV[1], -ARGV[2])
    end
end
"""


class RedisLedgers:
    """Ledgers of the last sixty minutes, by Redis's clock. Both methods may raise StorageError."""

    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis

    async def take(self, claims: Sequence[Claim]) -> Verdict:
        """Pay all claims or none, in one round trip."""
        words = [word for claim in claims for word in claim[1:]]
        keys = _keys([claim.account for claim in claims])
        refused, minute, calls, tokens = await self._redis.run(_TAKE, keys, *words)
        return Verdict(refused - 1 if refused else None, minute, calls, tokens)

    async def give_back(self, accounts: Sequence[str], minute: int, tokens: int) -> None:
        """Give back tokens that were paid in a minute."""
        await self._redis.run(_GIVE_BACK, _keys(accounts), f"{minute}:tokens", tokens)


def _keys(accounts: Sequence[str]) -> list[str]:
    return [f"spent:{account}" for account in accounts]
