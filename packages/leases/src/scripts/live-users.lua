-- Lists the users that hold a slot.
--
-- KEYS  1 live        ZSET userId -> time when the lease expires, ms
--       2 touched     time when a server last acquired or renewed a lease, ms
--       3 recovering  exists during a recovery: nothing expires
-- ARGV  1 ttlMs
-- Reply userIds

local live, touchedAt, recoveringKey = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local touched = tonumber(redis.call('GET', touchedAt) or now)
local nothingExpires = now - touched > ARGV[1] / 2 or redis.call('EXISTS', recoveringKey) == 1
return redis.call('ZRANGE', live, nothingExpires and '-inf' or '(' .. now, '+inf', 'BYSCORE')
