#!lua flags=allow-oom
-- Reads a consumer's own pending entries again: Redis delivered them, but the reply was lost with the process or the
-- connection. It may run when memory is full: it adds nothing.
--
-- KEYS  1 log
-- ARGV  1 consumer group  2 consumer  3 read after this entry id  4 maximum number of entries
-- Reply {id of the last pending entry examined ('' = none), {{entry id, deliveries, fields}, …}}
local log, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local reply = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', ARGV[4], 'STREAMS', log, ARGV[3])
local last, entries = '', {}
for _, entry in ipairs(reply and reply[1][2] or {}) do
  local id, fields = entry[1], entry[2]
  last = id
  if fields then
    entries[#entries + 1] = { id, redis.call('XPENDING', log, group, id, id, 1)[1][4], fields }
  else
    -- The entry was deleted from the stream while it was pending.
    redis.call('XACK', log, group, id)
  end
end
return { last, entries }
