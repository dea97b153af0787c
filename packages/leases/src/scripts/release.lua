-- Gives a place back.
--
-- KEYS  1 live     ZSET userId -> when the lease expires, ms
--       2 holders  HASH userId -> record
-- ARGV  1 userId  2 token
-- Reply 1, or 0 when the token does not hold the place

local live, holders = unpack(KEYS)
local record = redis.call('HGET', holders, ARGV[1])
if not record or cjson.decode(record).token ~= ARGV[2] then
  return 0
end
redis.call('ZREM', live, ARGV[1])
redis.call('HDEL', holders, ARGV[1])
return 1
