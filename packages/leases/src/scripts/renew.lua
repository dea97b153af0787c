-- Holds leases for another TTL, also one that has expired while its place was not given away. Without a lease it
-- only says that a server lives.
--
-- KEYS  1 live        ZSET userId -> when the lease expires, ms
--       2 holders     HASH userId -> record
--       3 touched     when a server last acquired or renewed, ms
--       4 recovering  exists while nothing may expire
-- ARGV  1 ttlMs, then userId and token of each lease
-- Reply now, then the numbers of the leases, counted from 0, that are held by another token or nobody

local live, holders, touchedAt, recoveringKey = unpack(KEYS)
local ttl = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- As in acquire.lua: whoever comes first after a silence gives the others time to renew.
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
