"""What Redis does in one step (Lua). Times are those of Redis, in milliseconds."""

from __future__ import annotations

#: Have a task wait. KEYS: stream, delayed, key. ARGV: body, delay, most that may wait, how long the
#: key is remembered (0 where there is none).
PUT = """
local most = tonumber(ARGV[3])
if redis.call('XLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]) >= most then
    return 'full'
end
local remembered = tonumber(ARGV[4])
if remembered > 0 and not redis.call('SET', KEYS[3], '1', 'NX', 'PX', remembered) then
    return 'known'
end
local delay = tonumber(ARGV[2])
if delay > 0 then
    local time = redis.call('TIME')
    redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + delay, ARGV[1])
else
    redis.call('XADD', KEYS[1], '*', 'data', ARGV[1])
end
return 'taken'
"""

#: Have the tasks run that are due. KEYS: stream, delayed. ARGV: how many at most.
MOVE_DUE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, body in ipairs(due) do
    redis.call('XADD', KEYS[1], '*', 'data', body)
    redis.call('ZREM', KEYS[2], body)
end
return #due
"""

#: Say that a worker is still at a task, unless another one has it. KEYS: stream. ARGV: group,
#: consumer, id.
RENEW = """
local found = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if #found == 0 then
    return 0
end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'JUSTID')
return 1
"""

#: End a delivery, if nobody else has, and put in its place what ARGV says. KEYS: stream of the
#: delivery, stream, delayed, dead. ARGV: group, id, '', 'wait' or 'dead', body, delay, how many
#: dead letters are kept, and for how long. Returns 0 if someone else has, 2 if so many dead letters
#: are there, and 1 otherwise.
SETTLE = """
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
    return 0
end
redis.call('XDEL', KEYS[1], ARGV[2])
if ARGV[3] == 'dead' then
    local time = redis.call('TIME')
    local first = string.format('%.0f', math.max(0, time[1] * 1000 - tonumber(ARGV[7])))
    redis.call('XADD', KEYS[4], 'MAXLEN', ARGV[6], '*', 'data', ARGV[4])
    redis.call('XTRIM', KEYS[4], 'MINID', first)
    redis.call('PEXPIRE', KEYS[4], ARGV[7])
    if redis.call('XLEN', KEYS[4]) >= tonumber(ARGV[6]) then
        return 2
    end
elseif ARGV[3] == 'wait' then
    local delay = tonumber(ARGV[5])
    if delay > 0 then
        local time = redis.call('TIME')
        redis.call('ZADD', KEYS[3], time[1] * 1000 + math.floor(time[2] / 1000) + delay, ARGV[4])
    else
        redis.call('XADD', KEYS[2], '*', 'data', ARGV[4])
    end
end
return 1
"""

#: Forget workers that have long been gone; those that still have tasks are kept, as these would be
#: lost with them. KEYS: stream. ARGV: group, milliseconds.
FORGET_WORKERS = """
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local about = {}
    for at = 1, #consumer, 2 do
        about[consumer[at]] = consumer[at + 1]
    end
    if about['pending'] == 0 and about['idle'] > tonumber(ARGV[2]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about['name'])
    end
end
return 0
"""
