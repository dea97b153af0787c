#!lua flags=allow-oom
-- Records that a conversation's member list changed. Not where Redis does not know the conversation: its initialisation sets a new
-- version in any case, and a key of its own would never expire.
--
-- KEYS  1 conversation
-- ARGV  1 new members version
-- Reply 1 = recorded, 0 = Redis does not know the conversation
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'membersVersion', ARGV[1])
return 1
