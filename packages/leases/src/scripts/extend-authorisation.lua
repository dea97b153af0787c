#!lua flags=allow-oom
-- Sets the time until which a user's session is authorised.
--
-- KEYS  1 live        ZSET userId -> time when the lease expires, ms
--       2 holders     HASH userId -> record
--       3 touched     time when a server last acquired or renewed a lease, ms
--       4 recovering  exists during a recovery: nothing expires
-- ARGV  1 userId  2 authorisedUntilMs  3 ttlMs
-- Reply 1, or 0 when the user has no session

local live, holders, touchedAt, recoveringKey = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local expiresAt = redis.call('ZSCORE', live, ARGV[1])
local touched = tonumber(redis.call('GET', touchedAt) or now)
local nothingExpires = now - touched > ARGV[3] / 2 or redis.call('EXISTS', recoveringKey) == 1
if not expiresAt or (tonumber(expiresAt) <= now and not nothingExpires) then
  return 0
end
local record = cjson.decode(redis.call('HGET', holders, ARGV[1]))
record.authorisedUntilMs = ARGV[2]
redis.call('HSET', holders, ARGV[1], cjson.encode(record))
return 1
