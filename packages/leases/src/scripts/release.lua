-- Releases leases. One that is held with another token is skipped.
--
-- KEYS  1 live     ZSET userId -> time when the lease expires, ms
--       2 holders  HASH userId -> record
-- ARGV  userId and token of each lease
-- Reply number of freed slots

local live, holders = unpack(KEYS)
local freed = 0
for i = 1, #ARGV, 2 do
  local record = redis.call('HGET', holders, ARGV[i])
  if record and cjson.decode(record).token == ARGV[i + 1] then
    redis.call('ZREM', live, ARGV[i])
    redis.call('HDEL', holders, ARGV[i])
    freed = freed + 1
  end
end
return freed
