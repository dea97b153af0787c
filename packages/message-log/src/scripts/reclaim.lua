#!lua flags=allow-oom
-- Claims entries that have been idle for a while: their consumer neither completed them nor extended its claim. XAUTOCLAIM
-- removes entries that were deleted from the stream from the pending list. It may run when memory is full: it adds nothing.
--
-- Redis computes the idle time from its wall clock. When that was set back, it would regard entries as just delivered until the
-- clock has reached their delivery again. Their idle time then starts again, and dead workers' entries are reclaimed in time.
--
-- KEYS  1 log  2 time of the last call, ms
-- ARGV  1 consumer group  2 consumer  3 minimum idle time (ms)  4 start id  5 maximum number of entries
-- Reply {start id of the next call ('0-0' = the scan is complete), {{entry id, deliveries, fields}, …}}
local log, group = KEYS[1], ARGV[1]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now < tonumber(redis.call('GET', KEYS[2]) or 0) then
  for _, entry in ipairs(redis.call('XPENDING', log, group, '-', '+', 1000000)) do
    redis.call('XCLAIM', log, group, entry[2], 0, entry[1], 'TIME', now, 'JUSTID')
  end
end
redis.call('SET', KEYS[2], now)

local reply = redis.call('XAUTOCLAIM', log, group, ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5])
local entries = {}
for i, entry in ipairs(reply[2]) do
  local id = entry[1]
  entries[i] = { id, redis.call('XPENDING', log, group, id, id, 1)[1][4], entry[2] }
end
return { reply[1], entries }
