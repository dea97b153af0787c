#!lua flags=allow-oom
-- Removes a consumer from the group, unless it has pending entries: Redis would drop those from the pending list.
--
-- KEYS  1 log
-- ARGV  1 consumer group  2 consumer
-- Reply 1 = removed, 0 = it has pending entries
local log, group, consumer = KEYS[1], ARGV[1], ARGV[2]
if redis.call('XPENDING', log, group, '-', '+', 1, consumer)[1] then return 0 end
redis.call('XGROUP', 'DELCONSUMER', log, group, consumer)
return 1
