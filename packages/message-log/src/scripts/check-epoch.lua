#!lua
-- Begins a new epoch when Redis is not the process, or not the data, that the current one began with.
--
-- KEYS  1 run id  2 epoch
-- ARGV  1 the run id of this Redis  2 a new epoch
-- Reply the epoch that holds now
local epoch = redis.call('GET', KEYS[2])
if epoch and redis.call('GET', KEYS[1]) == ARGV[1] then return epoch end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[2])
return ARGV[2]
