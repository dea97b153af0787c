#!lua flags=no-writes
-- Reads a partition at one instant: another process may open it at any moment. Not a transaction, which a full Redis refuses.
--
-- KEYS  1 log  2 partitions: the number to which this one belongs, or that it is closed
-- Reply {record ('' = none), number of messages in process}
return { redis.call('GET', KEYS[2]) or '', redis.call('XLEN', KEYS[1]) }
