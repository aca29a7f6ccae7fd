"""How often somebody may do something, counted in Redis for all processes."""

from __future__ import annotations

from app.storage.redis import RedisServer
from app.util.rate_limit import Rate

_ACQUIRE = """
local burst, seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local whole_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = whole_at - now - (burst - 1) * seconds
if wait > 0 then return string.format('%.6f', wait) end
local again = whole_at + seconds
redis.call('SET', KEYS[1], string.format('%.6f', again), 'PX', math.ceil((again - now) * 1000))
return '0'
"""
"""As app/util/rate_limit.py has it, by Redis's clock; what has been given back is forgotten."""


class RedisRates:
    """Takes one of a rate in one round trip; StorageError where that cannot be done."""

    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis

    async def acquire(self, name: str, rate: Rate) -> float:
        """Take one; return 0, or how many seconds it is until there is one to take."""
        return float(await self._redis.run(_ACQUIRE, [f"rate:{name}"], *rate))
