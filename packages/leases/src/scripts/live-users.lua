-- Lists the users that hold a slot.
--
-- KEYS  1 live        ZSET userId -> time when the lease expires, ms
--       2 touched     time of Redis when a server last acquired or renewed a lease, ms
--       3 skew        session clock minus the clock of Redis, ms
-- ARGV  1 ttlMs
-- Reply userIds

local live, touched, skew = unpack(KEYS)
local now = readClock(touched, skew, ARGV[1])
return redis.call('ZRANGE', live, '(' .. now, '+inf', 'BYSCORE')
