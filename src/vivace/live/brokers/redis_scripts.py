"""What Redis does in one step, in Lua. Times are milliseconds of its own clock.

Of a room there are these keys, with what :func:`room_keys` makes of its name:

========= =========================================================================
``log``   a stream; of each entry the data, and the id of the one before it
``last``  the id of the last entry, for longer than the entry itself
``seen``  a sorted set of the members present, by the time until which they are
``who``   a hash of their data
========= =========================================================================
"""

from __future__ import annotations

from typing import Final

#: Append an entry and tell of it, unless one has been appended with the same key. Gives its id.
#: Keys: log, last, and one for the key.
#: Arguments: channel, data, how many are kept, for how long, the memory of last and of the key.
APPEND: Final = """
local known = redis.call('GET', KEYS[3])
if known then
    return known
end
local before = redis.call('GET', KEYS[2]) or '0-0'
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'b', before, 'd', ARGV[2])
local time = redis.call('TIME')
local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[4]
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', oldest))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('SET', KEYS[2], id, 'PX', ARGV[5])
redis.call('SET', KEYS[3], id, 'PX', ARGV[6])
redis.call('PUBLISH', ARGV[1], id .. ' ' .. before .. ' ' .. ARGV[2])
return id
"""

#: Read entries. Gives the id of the last one that there was, and what is in the stream.
#: Keys: log, last. Arguments: the id to read after, or nothing for the newest, how many at most,
#: and for how long they are kept.
READ: Final = """
local time = redis.call('TIME')
local oldest = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[3])
local last = redis.call('GET', KEYS[2]) or '0-0'
if ARGV[1] == '' then
    return {last, redis.call('XREVRANGE', KEYS[1], '+', oldest, 'COUNT', ARGV[2])}
end
local from = '(' .. ARGV[1]
if tonumber(string.match(ARGV[1], '^%d+')) < tonumber(oldest) then
    from = oldest
end
return {last, redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', ARGV[2])}
"""

_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

_KEEP: Final = """
local function keep()
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
"""

#: Enter a member; gives whether it is new. Keys: seen, who.
#: Arguments: the memory of both keys, how long it is present, the member, its data.
ENTER: Final = f"""{_NOW}{_KEEP}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
local is_new = redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
keep()
return is_new
"""

#: Renew members; gives those that are not present. Keys: seen, who.
#: Arguments: the memory of both keys, how long they are present, the members.
RENEW: Final = f"""{_NOW}{_KEEP}
local absent = {{}}
for i = 3, #ARGV do
    if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
        redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[i])
    else
        absent[#absent + 1] = ARGV[i]
    end
end
keep()
return absent
"""

#: Remove a member; gives whether it was there. Keys: seen, who. Argument: the member.
LEAVE: Final = """
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
"""

#: Gives members and their data, in turns. Keys: seen, who.
PRESENT: Final = f"""{_NOW}
local found = {{}}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], '(' .. now, '+inf', 'BYSCORE')) do
    found[#found + 1] = member
    found[#found + 1] = redis.call('HGET', KEYS[2], member) or ''
end
return found
"""

#: Remove members whose time is over; gives them and their data, in turns. Keys: seen, who.
EXPIRE: Final = f"""{_NOW}
local over = {{}}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE')) do
    over[#over + 1] = member
    over[#over + 1] = redis.call('HGET', KEYS[2], member) or ''
    redis.call('HDEL', KEYS[2], member)
    redis.call('ZREM', KEYS[1], member)
end
return over
"""

__all__ = ["APPEND", "ENTER", "EXPIRE", "LEAVE", "PRESENT", "READ", "RENEW"]
