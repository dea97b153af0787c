-- Reads all leases and counts the waiting users. Its cost grows with the number of leases, so it is not for each request.
--
-- KEYS  1 live           ZSET userId -> time when the lease expires, ms
--       2 holders        HASH userId -> record
--       3 waiting:lapse  ZSET userId -> time when the queue position lapses, ms
--       4 touched        time when a server last acquired or renewed a lease, ms
--       5 recovering     exists during a recovery: nothing expires
-- ARGV  1 ttlMs
-- Reply {waiting, {{userId, expiresAtMs, record}, ...}}

local live, holders, lapse, touchedAt, recoveringKey = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local touched = tonumber(redis.call('GET', touchedAt) or now)
local nothingExpires = now - touched > ARGV[1] / 2 or redis.call('EXISTS', recoveringKey) == 1
local from = nothingExpires and '-inf' or '(' .. now

local leases = {}
local scored = redis.call('ZRANGE', live, from, '+inf', 'BYSCORE', 'WITHSCORES')
for i = 1, #scored, 2 do
  leases[#leases + 1] = { scored[i], scored[i + 1], redis.call('HGET', holders, scored[i]) }
end
return { redis.call('ZCOUNT', lapse, from, '+inf'), leases }
