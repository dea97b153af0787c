#!lua flags=allow-oom
-- Moves a user's read marker of a conversation forward, never back, and records the time.
--
-- KEYS  1 HASH conversation id -> `seq time`, of one user
-- ARGV  1 conversation id  2 seq
-- Reply the marker's seq after the call
local current = tonumber(string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '0', '^%d+'))
local seq = tonumber(ARGV[2])
if seq <= current then return current end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], seq .. ' ' .. (time[1] * 1000 + math.floor(time[2] / 1000)))
return seq
