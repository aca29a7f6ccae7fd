"""The journals of pages being composed, as streams in Redis; a lease says who composes each."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import cast

from app.domain.events import EventName, Lease, SharedEvent
from app.domain.limits import MAX_LEASE
from app.storage.errors import StorageError
from app.storage.ports import Held
from app.storage.redis import RedisServer

_KEPT = 300
"""Seconds for which a stream is kept that has ended, or that its writer has left."""

_BLOCK = 500
"""Milliseconds for which nothing may happen to any page followed before they are asked for anew."""

_LASTING = 7_260
"""Seconds for which leases, ledgers and pages under way are there at most: a Redis that is full and
drops what is nearest its end drops all else before."""

_LEASE = f"""
local lasting, longest = {_LASTING}, {MAX_LEASE * 1000}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function take(lease, id, milliseconds)
    local value = string.format('%.0f %s', now + milliseconds, id)
    redis.call('SET', lease, value, 'EX', lasting)
end
local function read(lease)
    local till, id = (redis.call('GET', lease) or '0 '):match('^(%d+) (.*)$')
    local left = till - now
    if left > longest then
        left = longest
        take(lease, id, left)
    end
    if left > 0 then return id, left end
end
"""
"""A lease says until when who has it, in milliseconds of Redis's clock; one that was taken before
the clock was put back holds for as long as any may, as of now."""

_CLAIM = (
    _LEASE
    + """
local lease, stream, held = unpack(KEYS)
local id, milliseconds, kept, after, may_take, is_new = unpack(ARGV)
local holder, left = read(lease)
local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local last = newest and newest[1]:match('^%d+') or '0'
local ended = newest and (newest[2][2] == 'ready' or newest[2][2] == 'error')
if not holder and not ended and now * 1000 - last > kept * 1000000 then
    redis.call('DEL', stream)
end
local ours = 0
local may_begin_anew = is_new == '1' and redis.call('EXISTS', held) == 0
if may_take == '1' and (not holder or holder == id) and (may_begin_anew or not ended) then
    if ended then redis.call('DEL', stream) end
    take(lease, id, milliseconds)
    redis.call('SET', held, '', 'EX', kept)
    ours = 1
end
local events = redis.call('XRANGE', stream, '(' .. after .. '-0', '+')
local floor = string.format('%.0f', math.max(now * 1000, tonumber(last)))
return {ours, floor, redis.call('XLEN', stream), left or 0, events}
"""
)
"""Takes a page whose lease nobody holds. One that has ended is begun anew by who has seen nothing
of it and never held it: where they did, even unaware, it was ended in their stead. One that nobody
has gone on with for long is begun anew: prices may be others by now. Ids of what follows are beyond
Redis's time and beyond every id before."""

HOLD = (
    _LEASE
    + """
local function hold(lease, stream, id, milliseconds, length)
    local holder = read(lease)
    if holder and holder ~= id then return false end
    if not holder and redis.call('XLEN', stream) > tonumber(length) then return false end
    take(lease, id, milliseconds)
    return true
end
"""
)
"""Renews a lease, or takes it where nobody has; false where another has it, or had it since."""

_WRITE = (
    HOLD
    + """
local lease, stream = KEYS[1], KEYS[2]
local id, milliseconds, length, kept = unpack(ARGV, 1, 4)
if not hold(lease, stream, id, milliseconds, length) then return -1 end
if length == '0' then redis.call('DEL', stream)
elseif redis.call('XLEN', stream) ~= tonumber(length) then return -2 end
local ended = false
for i = 5, #ARGV, 4 do
    redis.call('XADD', stream, ARGV[i] .. '-0',
        'name', ARGV[i + 1], 'data', ARGV[i + 2], 'note', ARGV[i + 3])
    ended = ARGV[i + 1] == 'ready' or ARGV[i + 1] == 'error'
end
redis.call('EXPIRE', stream, ended and kept or lasting)
if ended then redis.call('DEL', lease) end
return redis.call('XLEN', stream)
"""
)
"""Adds events to a stream of so many. -1: the lease is lost; -2: the stream has lost events, as
after a restart, and is to be written whole, as one of none."""

_EVENTS = "return redis.call('XRANGE', KEYS[1], '-', '+')"
_LEAVE = (
    _LEASE
    + """
local lease, stream = KEYS[1], KEYS[2]
if read(lease) ~= ARGV[1] then return end
redis.call('DEL', lease)
local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local id = string.format('%.0f-0', (newest and newest[1]:match('^%d+') or 0) + 1)
redis.call('XADD', stream, id, 'name', 'left', 'data', '', 'note', '')
redis.call('EXPIRE', stream, ARGV[2])
"""
)

_ERASED = 10_000
"""Milliseconds in which nobody composes a page of a shopper who is forgotten."""

_ERASE = (
    _LEASE
    + """
take(KEYS[1], 'nobody', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
"""
)

_WAKE = """
redis.call('XADD', KEYS[1], 'MAXLEN', 1, '*', 'w', '')
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""


class RedisJournal:
    """Streams that any process may follow and one at a time writes.

    A lease lasts for `seconds` unless it is written or renewed. Every method may raise
    StorageError; what was to be written may then be there or not.
    """

    def __init__(self, redis: RedisServer, seconds: float) -> None:
        self.seconds = seconds
        self._redis = redis
        self._milliseconds = round(seconds * 1000)
        self._wake = f"wake:{secrets.token_urlsafe(9)}"
        self._woken = "0-0"
        self._was_away = False

    async def claim(
        self, key: str, holder: str, after: int, *, may_take: bool, is_new: bool
    ) -> Held:
        """Take the lease if nobody has it; return who has it, and the events after an id."""
        keys = [*keys_of(key), f"held:{holder}"]
        words = (holder, self._milliseconds, _KEPT, after, int(may_take), int(is_new))
        ours, floor, length, left, rows = await self._redis.run(_CLAIM, keys, *words)
        waits = min(left / 1000 or self.seconds, self.seconds)
        return Held(bool(ours), int(floor), length, waits, [_event(*row) for row in rows])

    async def write(self, lease: Lease, events: Sequence[SharedEvent]) -> int:
        """Add events and renew the lease; return the new length, or LOST or GAP."""
        words = [word for event in events for word in event]
        head = (lease.holder, self._milliseconds, lease.length, _KEPT)
        written: int = await self._redis.run(_WRITE, keys_of(lease.key), *head, *words)
        return written

    async def leave(self, key: str, holder: str) -> None:
        """Give up a lease, and say so to who follows."""
        await self._redis.run(_LEAVE, keys_of(key), holder, _KEPT)

    async def events(self, key: str) -> list[SharedEvent]:
        """Return all events there are of a page."""
        rows = await self._redis.run(_EVENTS, [events_key(key)])
        return [_event(*row) for row in rows]

    async def news(self, positions: Mapping[str, int]) -> dict[str, list[SharedEvent]]:
        """Wait for events of pages after these ids; return what has come.

        That is nothing after a while, once woken, or as soon as Redis answers again.
        """
        if self._was_away:
            await self._redis.call("PING")
            self._was_away = False
            return {}
        streams = {events_key(key): key for key in positions}
        ids = [f"{after}-0" for after in positions.values()]
        after = (self._wake, *streams, self._woken, *ids)
        events: dict[str, list[SharedEvent]] = {}
        try:
            found = await self._redis.call(
                "XREAD", "BLOCK", _BLOCK, "STREAMS", *after, blocks=_BLOCK / 1000
            )
        except StorageError:
            self._was_away = True
            raise
        for name, rows in found:
            stream = name.decode()
            if stream in streams:
                fields = [(at, [*chain(*row.items())]) for at, row in rows]
                events[streams[stream]] = [_event(*row) for row in fields]
            else:
                self._woken = rows[-1][0].decode()
        return events

    async def erase(self, key: str) -> None:
        """Forget a page, and keep who still composes or follows it from writing it again."""
        await self._redis.run(_ERASE, keys_of(key), _ERASED)

    async def wake(self) -> None:
        """Have `news` return, since more is to be followed."""
        await self._redis.run(_WAKE, [self._wake], _KEPT)


def events_key(key: str) -> str:
    """Return where in Redis the events of a page are."""
    return f"events:{key}"


def keys_of(key: str) -> list[str]:
    """Return where in Redis the lease and the events of a page are."""
    return [f"lease:{key}", events_key(key)]


def _event(at: bytes, fields: Sequence[bytes]) -> SharedEvent:
    name, data, note = (value.decode() for value in fields[1::2])
    return SharedEvent(int(at.partition(b"-")[0]), cast("EventName", name), data, note)
