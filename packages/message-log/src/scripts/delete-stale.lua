#!lua
-- Deletes keys of a partition while it is closed. It may have been opened since the caller found them.
--
-- KEYS  1 partitions: the number to which this one belongs, or that it is closed, then the keys (a key may be repeated)
-- Reply 1, or 0 when it is open
if not string.find(redis.call('GET', KEYS[1]) or '', '^closed') then return 0 end
redis.call('UNLINK', unpack(KEYS, 2))
return 1
