"""How often somebody may do something, and how much at once, counted in Redis for all processes."""

from __future__ import annotations

import math

from app.storage.redis import RedisServer
from app.util.rate_limit import Rate

_ACQUIRE = """
local burst, seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local whole_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
whole_at = math.min(whole_at, now + burst * seconds)
local wait = whole_at - now - (burst - 1) * seconds
if wait > 0 then return string.format('%.6f', wait) end
local again = whole_at + seconds
redis.call('SET', KEYS[1], string.format('%.6f', again), 'PX', math.ceil((again - now) * 1000))
return '0'
"""
"""As app/util/rate_limit.py has it, by Redis's clock; what has been given back is forgotten."""

_ENTER = """
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. time[1] + ARGV[3], '+inf')
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], time[1] + ARGV[3], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
"""Who is in, by when they are taken to have gone: a process that is killed never says so. Who would
stay for longer than anybody may came in before the clock was put back."""


class RedisRates:
    """Counts in one round trip. Each method may raise StorageError, done or not."""

    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis

    async def acquire(self, name: str, rate: Rate) -> float:
        """Take one; return 0, or how many seconds it is until there is one to take."""
        return float(await self._redis.run(_ACQUIRE, [f"rate:{name}"], *rate))

    async def enter(self, name: str, holder: str, most: int, seconds: float) -> bool:
        """Take one of so many places for so many seconds at most; False where none is left."""
        words = (holder, most, math.ceil(seconds))
        return bool(await self._redis.run(_ENTER, [f"places:{name}"], *words))

    async def leave(self, name: str, holder: str) -> None:
        """Give a place back."""
        await self._redis.call("ZREM", f"places:{name}", holder)
