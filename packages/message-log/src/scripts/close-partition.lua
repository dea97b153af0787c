#!lua
-- Closes a partition that belongs to another number of partitions, if no message is in process there. From then on every append
-- needs a head of a new epoch, and initialise-head.lua initialises none in a closed partition.
--
-- KEYS  1 log  2 partitions: the number to which this one belongs, or that it is closed  3 epoch  4 run id
-- ARGV  1 new number of partitions  2 record of a closed partition
-- Reply the number of messages in process; 0 = it is closed, or belongs to the new number already
if redis.call('GET', KEYS[2]) == ARGV[1] then return 0 end
local inProcess = redis.call('XLEN', KEYS[1])
if inProcess > 0 then return inProcess end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[3], KEYS[4])
return 0
