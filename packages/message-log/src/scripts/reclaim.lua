#!lua flags=allow-oom
-- Claims entries that have been idle for a while: their consumer neither completed them nor extended its claim. XAUTOCLAIM
-- removes entries that were deleted from the stream from the pending list. It may run when memory is full: it adds nothing.
--
-- KEYS  1 log
-- ARGV  1 consumer group  2 consumer  3 minimum idle time (ms)  4 start id  5 maximum number of entries
-- Reply {start id of the next call ('0-0' = the scan is complete), {{entry id, deliveries, fields}, …}}
local log, group = KEYS[1], ARGV[1]
local reply = redis.call('XAUTOCLAIM', log, group, ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5])
local entries = {}
for i, entry in ipairs(reply[2]) do
  local id = entry[1]
  entries[i] = { id, redis.call('XPENDING', log, group, id, id, 1)[1][4], entry[2] }
end
return { reply[1], entries }
