#!lua flags=allow-oom
-- Takes a consumer out of the group, unless entries are pending under its name: Redis would forget that they are.
--
-- KEYS  1 log
-- ARGV  1 consumer group  2 consumer
-- Reply 1 = it left, 0 = it has pending entries
local log, group, consumer = KEYS[1], ARGV[1], ARGV[2]
if redis.call('XPENDING', log, group, '-', '+', 1, consumer)[1] then return 0 end
redis.call('XGROUP', 'DELCONSUMER', log, group, consumer)
return 1
