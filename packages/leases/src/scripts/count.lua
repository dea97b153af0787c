-- Counts held slots and waiting users.
--
-- KEYS  1 live           ZSET userId -> time when the lease expires, ms
--       2 waiting:lapse  ZSET userId -> time when the queue position lapses, ms
--       3 touched        time of Redis when a server last acquired or renewed a lease, ms
--       4 skew           session clock minus the clock of Redis, ms
-- ARGV  1 ttlMs
-- Reply {held, waiting}

local live, lapse, touched, skew = unpack(KEYS)
local now = readClock(touched, skew, ARGV[1])
local from = '(' .. now
return { redis.call('ZCOUNT', live, from, '+inf'), redis.call('ZCOUNT', lapse, from, '+inf') }
