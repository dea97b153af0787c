#!lua
-- Opens a closed partition.
--
-- KEYS  1 partitions: the number to which this one belongs, or that it is closed
-- ARGV  1 number of partitions
-- Reply the number to which it belongs now; another one than ARGV 1 when it was open
local record = redis.call('GET', KEYS[1])
if record and not string.find(record, '^closed') then return record end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
