-- Counts held slots and waiting users.
--
-- KEYS  1 live           ZSET userId -> time when the lease expires, ms
--       2 waiting:lapse  ZSET userId -> time when the queue position lapses, ms
--       3 touched        time when a server last acquired or renewed a lease, ms
--       4 recovering     exists during a recovery: nothing expires
-- ARGV  1 ttlMs
-- Reply {held, waiting}

local live, lapse, touchedAt, recoveringKey = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local touched = tonumber(redis.call('GET', touchedAt) or now)
local nothingExpires = now - touched > ARGV[1] / 2 or redis.call('EXISTS', recoveringKey) == 1
local from = nothingExpires and '-inf' or '(' .. now
return { redis.call('ZCOUNT', live, from, '+inf'), redis.call('ZCOUNT', lapse, from, '+inf') }
