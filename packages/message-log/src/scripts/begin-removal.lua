#!lua flags=allow-oom
-- Records that a member is about to be removed from a conversation. Until the record is deleted, the version of the member list
-- begins with '~', and no server caches a membership under such a version. Where Redis does not know the conversation, its
-- initialisation sets such a version: a key of its own would never expire.
--
-- It may run when memory is full, because a moderator must be able to remove a member then. The records expire.
--
-- KEYS  1 conversation  2 removals in progress
-- ARGV  1 id of the removal  2 user to be removed  3 name for the new version  4 lifetime of the records (ms)
-- Reply 1
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f %s', nowMs, ARGV[2]))
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'membersVersion', '~' .. ARGV[3]) end
return 1
