-- Releases leases. One that is held with another token is skipped.
--
-- KEYS  1 live, 2 holders, 3 active:guests, 4 active:accounts, 5 ending, 6 addresses: see lease-index.lua
-- ARGV  userId and token of each lease
-- Reply number of freed slots

local index = leaseIndex(unpack(KEYS))
local freed = {}
for i = 1, #ARGV, 2 do
  local record = redis.call('HGET', index.holders, ARGV[i])
  if record and cjson.decode(record).token == ARGV[i + 1] then
    freed[#freed + 1] = ARGV[i]
  end
end
deleteLeases(index, freed)
return #freed
