-- Reads a user's lease.
--
-- KEYS  1 live        ZSET userId -> time when the lease expires, ms
--       2 holders     HASH userId -> record
--       3 touched     time when a server last acquired or renewed a lease, ms
--       4 recovering  exists during a recovery: nothing expires
-- ARGV  1 userId  2 ttlMs
-- Reply {userId, expiresAtMs, record}, or nil

local live, holders, touchedAt, recoveringKey = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local expiresAt = redis.call('ZSCORE', live, ARGV[1])
local touched = tonumber(redis.call('GET', touchedAt) or now)
local nothingExpires = now - touched > ARGV[2] / 2 or redis.call('EXISTS', recoveringKey) == 1
if not expiresAt or (tonumber(expiresAt) <= now and not nothingExpires) then
  return false
end
return { ARGV[1], expiresAt, redis.call('HGET', holders, ARGV[1]) }
