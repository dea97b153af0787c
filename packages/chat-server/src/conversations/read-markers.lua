#!lua flags=no-writes
-- Reads all markers of a hash.
--
-- KEYS  1 HASH field -> `number number`
-- Reply field, value, …; nil when stored markers may be missing in the hash (merge-markers.lua)
if redis.call('PTTL', KEYS[1]) < 0 then return false end
return redis.call('HGETALL', KEYS[1])
