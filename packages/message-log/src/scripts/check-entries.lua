#!lua flags=allow-oom
-- Replies which entries are in the log: neither settled nor lost with Redis' newest writes.
--
-- KEYS  1 log  2 epoch  3 run id
-- ARGV  the entry ids
-- Reply {epoch, {id of each entry that is in the log, …}}
local epoch = currentEpoch(KEYS[2], KEYS[3])
local present = {}
for _, id in ipairs(ARGV) do
  if redis.call('XRANGE', KEYS[1], id, id)[1] then present[#present + 1] = id end
end
return { epoch, present }
