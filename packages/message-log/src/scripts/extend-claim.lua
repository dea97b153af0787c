#!lua flags=allow-oom
-- Says that a consumer still works on entries. One that another has taken over stays with that one.
--
-- KEYS  1 log
-- ARGV  1 consumer group  2 consumer  then the entry ids
-- Reply how many of them are still its own
local log, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local own = {}
for i = 3, #ARGV do
  if redis.call('XPENDING', log, group, ARGV[i], ARGV[i], 1, consumer)[1] then own[#own + 1] = ARGV[i] end
end
if #own == 0 then return 0 end
own[#own + 1] = 'JUSTID' -- without it the claim would count as a delivery
return #redis.call('XCLAIM', log, group, consumer, 0, unpack(own))
