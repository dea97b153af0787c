-- Reads a user's lease.
--
-- KEYS  1 live        ZSET userId -> time when the lease expires, ms
--       2 holders     HASH userId -> record
--       3 touched     time of Redis when a server last acquired or renewed a lease, ms
--       4 skew        session clock minus the clock of Redis, ms
-- ARGV  1 userId  2 ttlMs
-- Reply {userId, expiresAtMs, record}, or nil

local live, holders, touched, skew = unpack(KEYS)
local now = readClock(touched, skew, ARGV[2])

local expiresAt = redis.call('ZSCORE', live, ARGV[1])
if not expiresAt or tonumber(expiresAt) <= now then
  return false
end
return { ARGV[1], expiresAt, redis.call('HGET', holders, ARGV[1]) }
