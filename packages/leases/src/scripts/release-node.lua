-- Releases all leases of a server. Also deletes what is kept for users without a lease: servers of an earlier release do not delete it.
-- Its cost grows with the number of leases in the cluster, so only a starting server uses it.
--
-- KEYS  1 live, 2 holders, 3 active:guests, 4 active:accounts, 5 ending, 6 addresses: see lease-index.lua
-- ARGV  1 node
-- Reply number of freed slots

local index = leaseIndex(unpack(KEYS))
local freed, addressOf = {}, {}
local records = redis.call('HGETALL', index.holders)
for i = 1, #records, 2 do
  local record = cjson.decode(records[i + 1])
  if record.node == ARGV[1] then
    freed[#freed + 1] = records[i]
  else
    addressOf[records[i]] = record.address or ''
  end
end
deleteLeases(index, freed)

local function deleteUnless(key, isUsed)
  local unused = {}
  for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    if not isUsed(member) then unused[#unused + 1] = member end
  end
  inChunks(unused, function(...) redis.call('ZREM', key, ...) end)
end
local function isHolder(user) return addressOf[user] ~= nil end
for _, name in ipairs({ 'activeGuests', 'activeAccounts', 'ending' }) do
  deleteUnless(index[name], isHolder)
end
deleteUnless(index.addresses, function(member)
  local address, user = string.match(member, '^(%S+) (.+)$')
  return addressOf[user] == address
end)
return #freed
