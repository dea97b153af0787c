#!lua flags=allow-oom
-- Moves a user's read marker of a conversation forward, never back, and records the time. It may run when memory is full: the
-- markers of a user who does not move any leave Redis.
--
-- KEYS  1 HASH conversation id -> `seq time`, of one user
-- ARGV  1 conversation id  2 seq  3 lifetime of the hash after its last move, ms
--       4 1 = the caller has just merged the stored markers into the hash, otherwise 0
-- Reply {seq, time, 1 if it moved, otherwise 0}: the marker after the call; nil when stored markers may be missing in the hash (merge-markers.lua)
if ARGV[4] == '0' and redis.call('PTTL', KEYS[1]) < 0 then return false end
local marker = redis.call('HGET', KEYS[1], ARGV[1]) or '0 0'
local seq, atMs = string.match(marker, '^(%d+) (%d+)$')
local moved = tonumber(ARGV[2]) > tonumber(seq)
if moved then
  local time = redis.call('TIME')
  seq, atMs = ARGV[2], string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  redis.call('HSET', KEYS[1], ARGV[1], seq .. ' ' .. atMs)
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { seq, atMs, moved and 1 or 0 }
