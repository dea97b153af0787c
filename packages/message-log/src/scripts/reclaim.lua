#!lua
-- Claims entries that nobody has kept alive for a while. XAUTOCLAIM itself forgets those that were deleted meanwhile.
--
-- KEYS  1 log
-- ARGV  1 consumer group  2 consumer  3 idle for at least (ms)  4 where to begin  5 most entries
-- Reply {where to go on, '0-0' = nothing is left, {{entry id, deliveries, fields}, …}}
local log, group = KEYS[1], ARGV[1]
local reply = redis.call('XAUTOCLAIM', log, group, ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5])
local entries = {}
for i, entry in ipairs(reply[2]) do
  local id = entry[1]
  entries[i] = { id, redis.call('XPENDING', log, group, id, id, 1)[1][4], entry[2] }
end
return { reply[1], entries }
