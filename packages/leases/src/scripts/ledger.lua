-- Reads all leases and counts the waiting users. Its cost grows with the number of leases, so it is not for each request.
--
-- KEYS  1 live           ZSET userId -> time when the lease expires, ms
--       2 holders        HASH userId -> record
--       3 waiting:lapse  ZSET userId -> time when the queue position lapses, ms
--       4 touched        time of Redis when a server last acquired or renewed a lease, ms
--       5 skew           session clock minus the clock of Redis, ms
-- ARGV  1 ttlMs
-- Reply {waiting, {{userId, expiresAtMs, record}, ...}}

local live, holders, lapse, touched, skew = unpack(KEYS)
local now = readClock(touched, skew, ARGV[1])
local from = '(' .. now

local leases = {}
local scored = redis.call('ZRANGE', live, from, '+inf', 'BYSCORE', 'WITHSCORES')
for i = 1, #scored, 2 do
  leases[#leases + 1] = { scored[i], scored[i + 1], redis.call('HGET', holders, scored[i]) }
end
return { redis.call('ZCOUNT', lapse, from, '+inf'), leases }
