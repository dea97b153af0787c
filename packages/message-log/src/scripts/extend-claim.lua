#!lua flags=allow-oom
-- Extends a consumer's claim on entries: resets their idle time. An entry that another consumer reclaimed stays with that one.
--
-- KEYS  1 log
-- ARGV  1 consumer group  2 consumer, then the entry ids
-- Reply the number of entries that this consumer still owns
local log, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local own = {}
for i = 3, #ARGV do
  if redis.call('XPENDING', log, group, ARGV[i], ARGV[i], 1, consumer)[1] then own[#own + 1] = ARGV[i] end
end
if #own == 0 then return 0 end
own[#own + 1] = 'JUSTID' -- otherwise XCLAIM would count a delivery
return #redis.call('XCLAIM', log, group, consumer, 0, unpack(own))
