-- Releases all leases of a server. Its cost grows with the number of leases in the cluster, so only a starting server uses it.
--
-- KEYS  1 live     ZSET userId -> time when the lease expires, ms
--       2 holders  HASH userId -> record
-- ARGV  1 node
-- Reply number of freed slots

local live, holders = unpack(KEYS)
local freed = 0
local records = redis.call('HGETALL', holders)
for i = 1, #records, 2 do
  if cjson.decode(records[i + 1]).node == ARGV[1] then
    redis.call('ZREM', live, records[i])
    redis.call('HDEL', holders, records[i])
    freed = freed + 1
  end
end
return freed
