-- Gives back every place of a server. Reads all holders: for the start of a server, not for every day.
--
-- KEYS  1 live     ZSET userId -> when the lease expires, ms
--       2 holders  HASH userId -> record
-- ARGV  1 node
-- Reply how many places were freed

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
