#!lua flags=allow-oom
-- Adds to the filters what a sender sent, as the store knows it, and marks the sender as loaded. Repeating it changes nothing. It may
-- run when memory is full: what it adds is bounded, and a repeated message must be recognised.
--
-- Includes epoch.lua and dedupe.lua.
--
-- KEYS  1 epoch  2 run id  3 dedupe state  4-6 filters of sent messages  7 sender
-- ARGV  1 moment before the store was read  2 bits of a new filter
--       3 'part' (more follow), 'all', 'too-many' (the store has to be asked each time), 'empty' (the store has no messages at all)
--       then two hashes of sender and clientMessageId for each message
-- Reply 1, or 0 = the moment is in an ended epoch
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local dedupe = openDedupe(KEYS[3], { KEYS[4], KEYS[5], KEYS[6] }, ARGV[2], currentEpoch(KEYS[1], KEYS[2]), nowMs)
if not isSince(ARGV[1], dedupe, 0) then return 0 end

for i = 4, #ARGV, 2 do addToFilter(dedupe, tonumber(ARGV[i]), tonumber(ARGV[i + 1])) end
if ARGV[3] == 'part' then return 1 end
if ARGV[3] == 'empty' then redis.call('HSET', KEYS[3], 'complete', 1) end
redis.call('HDEL', KEYS[7], 'tooMany')
redis.call('HSET', KEYS[7], 'epoch', dedupe.epoch, 'loaded', string.match(ARGV[1], '%d+$'))
if ARGV[3] == 'too-many' then redis.call('HSET', KEYS[7], 'tooMany', 1) end
redis.call('PEXPIRE', KEYS[7], DEDUPE_WINDOW_MS)
return 1
