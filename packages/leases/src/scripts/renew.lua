#!lua flags=allow-oom
-- Extends leases by the TTL, including an expired one that is not deleted. A call without leases only records that a server reaches
-- Redis. It may run when memory is full: a lease replaces itself.
--
-- KEYS  1 live        ZSET userId -> time when the lease expires, ms
--       2 holders     HASH userId -> record
--       3 touched     time of Redis when a server last acquired or renewed a lease, ms
--       4 skew        session clock minus the clock of Redis, ms
-- ARGV  1 ttlMs, then userId and token of each lease
-- Reply {time of Redis, indexes of the lost leases, counted from 0}: held with another token, or deleted

local live, holders, touched, skew = unpack(KEYS)
local ttl = tonumber(ARGV[1])
local now, redisMs = readClock(touched, skew, ttl)
touchClock(touched, skew, now, redisMs)

local reply = { redisMs }
for i = 2, #ARGV, 2 do
  local record = redis.call('HGET', holders, ARGV[i])
  if record and cjson.decode(record).token == ARGV[i + 1] then
    redis.call('ZADD', live, now + ttl, ARGV[i])
  else
    reply[#reply + 1] = i / 2 - 1
  end
end
return reply
