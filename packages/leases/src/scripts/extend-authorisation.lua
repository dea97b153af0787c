#!lua flags=allow-oom
-- Sets the time until which a user's session is authorised.
--
-- KEYS  1 live        ZSET userId -> time when the lease expires, ms
--       2 holders     HASH userId -> record
--       3 touched     time of Redis when a server last acquired or renewed a lease, ms
--       4 skew        session clock minus the clock of Redis, ms
-- ARGV  1 userId  2 authorisedUntilMs  3 ttlMs
-- Reply 1, or 0 when the user has no session

local live, holders, touched, skew = unpack(KEYS)
local now = readClock(touched, skew, ARGV[3])

local expiresAt = redis.call('ZSCORE', live, ARGV[1])
if not expiresAt or tonumber(expiresAt) <= now then
  return 0
end
local record = cjson.decode(redis.call('HGET', holders, ARGV[1]))
record.authorisedUntilMs = ARGV[2]
redis.call('HSET', holders, ARGV[1], cjson.encode(record))
return 1
