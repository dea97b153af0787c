#!lua flags=allow-oom
-- Replies which entries are in the log: neither settled nor lost with Redis' newest writes.
--
-- KEYS  1 log  2 epoch  3 run id
-- ARGV  of each entry its id and its epoch
-- Reply {epoch, {index of each entry that is in the log, counted from 0, …}}
local epoch = currentEpoch(KEYS[2], KEYS[3])
local present = {}
for i = 1, #ARGV, 2 do
  if findEntry(KEYS[1], ARGV[i], ARGV[i + 1]) then present[#present + 1] = (i - 1) / 2 end
end
return { epoch, present }
