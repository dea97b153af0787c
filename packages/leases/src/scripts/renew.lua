#!lua flags=allow-oom
-- Extends leases by the TTL, including an expired one that is not deleted. A call without leases only records that a server reaches
-- Redis. It may run when memory is full: a lease replaces itself.
--
-- KEYS  1 live        ZSET userId -> time when the lease expires, ms
--       2 holders     HASH userId -> record
--       3 touched     time when a server last acquired or renewed a lease, ms
--       4 recovering  exists during a recovery: nothing expires
-- ARGV  1 ttlMs, then userId and token of each lease
-- Reply {now, indexes of the lost leases, counted from 0}: held with another token, or deleted

local live, holders, touchedAt, recoveringKey = unpack(KEYS)
local ttl = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- As in acquire.lua: the first call after an outage starts the recovery.
local touched = tonumber(redis.call('GET', touchedAt) or now)
if now - touched > ttl / 2 then
  redis.call('SET', recoveringKey, 1, 'PX', math.ceil(ttl / 3))
end
redis.call('SET', touchedAt, now)

local reply = { now }
for i = 2, #ARGV, 2 do
  local record = redis.call('HGET', holders, ARGV[i])
  if record and cjson.decode(record).token == ARGV[i + 1] then
    redis.call('ZADD', live, now + ttl, ARGV[i])
  else
    reply[#reply + 1] = i / 2 - 1
  end
end
return reply
