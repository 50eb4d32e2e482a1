"""What Redis does in one step: while a script runs, nothing else does.

See https://redis.io/docs/latest/develop/programmability/eval-intro/.

Each works on one record, a hash of its version and its JSON, and on what leads to it: for a unique
field a key with the record's id, for an indexed one a set of ids. They expire with the record; a
set, with the last of its members.

``KEYS`` are the record's key, those of its unique fields and those of its indexed fields. ``ARGV``
begins with how many unique ones there are, and with the record's id.
"""

from __future__ import annotations

_WRITE = """
local uniques = tonumber(ARGV[1])
local id = ARGV[2]

local function expire(key, lifetime)
    if lifetime < 0 then redis.call('PERSIST', key)
    else redis.call('PEXPIRE', key, lifetime) end
end

local function write(last, version, json, lifetime)
    redis.call('HSET', KEYS[1], 'version', version, 'json', json)
    expire(KEYS[1], lifetime)
    for at = 2, 1 + uniques do
        redis.call('SET', KEYS[at], id)
        expire(KEYS[at], lifetime)
    end
    for at = 2 + uniques, last do
        local left = redis.call('PTTL', KEYS[at])
        redis.call('SADD', KEYS[at], id)
        if left ~= -1 and (lifetime < 0 or left < lifetime) then expire(KEYS[at], lifetime) end
    end
end

local function taken()
    for at = 2, 1 + uniques do
        local owner = redis.call('GET', KEYS[at])
        if owner and owner ~= id then return at end
    end
end
"""

#: ``ARGV`` goes on with version, JSON and lifetime in milliseconds, -1 for ever. Gives 0, or which
#: of ``KEYS`` is taken.
ADD = (
    _WRITE
    + """
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
local conflict = taken()
if conflict then return conflict end
write(#KEYS, ARGV[3], ARGV[4], tonumber(ARGV[5]))
return 0
"""
)

#: ``ARGV`` goes on as for ``ADD``, then with the version that there has to be, and how many of
#: ``KEYS`` are the new record's: those after them led to the old one, and do so no more. Gives 0,
#: which of ``KEYS`` is taken, or -1 where there is another version.
REPLACE = (
    _WRITE
    + """
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[6] then return -1 end
local conflict = taken()
if conflict then return conflict end
local last = tonumber(ARGV[7])
for at = last + 1, #KEYS do
    if redis.call('TYPE', KEYS[at]).ok == 'set' then redis.call('SREM', KEYS[at], id)
    else redis.call('DEL', KEYS[at]) end
end
write(last, ARGV[3], ARGV[4], tonumber(ARGV[5]))
return 0
"""
)

#: ``ARGV`` goes on with the version that there has to be. Gives how many records were removed.
REMOVE = """
local uniques = tonumber(ARGV[1])
local id = ARGV[2]
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[3] then return 0 end
for at = 1, 1 + uniques do redis.call('DEL', KEYS[at]) end
for at = 2 + uniques, #KEYS do redis.call('SREM', KEYS[at], id) end
return 1
"""

#: ``KEYS`` are a set and the keys of records, ``ARGV`` the ids of these: those that have expired
#: leave the set, which lives as long as its last member.
PRUNE = """
for at = 2, #KEYS do
    if redis.call('EXISTS', KEYS[at]) == 0 then redis.call('SREM', KEYS[1], ARGV[at - 1]) end
end
"""

__all__ = ["ADD", "PRUNE", "REMOVE", "REPLACE"]
