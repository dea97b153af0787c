#!lua
-- Begins a new epoch when Redis is another process, or has other data, than when the current epoch began.
--
-- KEYS  1 run id  2 epoch
-- ARGV  1 run id of this Redis  2 name for a new epoch
-- Reply the current epoch
local epoch = redis.call('GET', KEYS[2])
if epoch and redis.call('GET', KEYS[1]) == ARGV[1] then return epoch end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[2])
return ARGV[2]
