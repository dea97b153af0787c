-- Functions for the scripts that include this file: what is kept with each lease, so that slots can be shared fairly.
--
-- A table `index` has the names of these keys:
--   live             ZSET userId -> time when the lease expires, ms of the session clock
--   holders          HASH userId -> record as JSON
--   activeGuests     ZSET userId -> time of the last activity, ms of the session clock: the guests that hold a slot
--   activeAccounts   ZSET, the same: all other users that hold one
--   ending           ZSET userId -> time when the idle session ends, ms of the session clock
--   addresses        ZSET of `address userId`, all with score 0: sessions by the address of their client

-- Returns the keys as such a table.
local function leaseIndex(live, holders, activeGuests, activeAccounts, ending, addresses)
  return {
    live = live,
    holders = holders,
    activeGuests = activeGuests,
    activeAccounts = activeAccounts,
    ending = ending,
    addresses = addresses,
  }
end

-- Calls `visit` with at most 1000 elements at a time: Lua limits the number of arguments of one call.
local function inChunks(list, visit)
  for first = 1, #list, 1000 do
    visit(unpack(list, first, math.min(first + 999, #list)))
  end
end

-- Deletes the leases of these users.
local function deleteLeases(index, users)
  inChunks(users, function(...)
    local chunk = { ... }
    local ofAddresses = {}
    for i, record in ipairs(redis.call('HMGET', index.holders, ...)) do
      local address = record and cjson.decode(record).address
      if address then ofAddresses[#ofAddresses + 1] = address .. ' ' .. chunk[i] end
    end
    if #ofAddresses > 0 then redis.call('ZREM', index.addresses, unpack(ofAddresses)) end
    redis.call('HDEL', index.holders, ...)
    for _, name in ipairs({ 'live', 'activeGuests', 'activeAccounts', 'ending' }) do
      redis.call('ZREM', index[name], ...)
    end
  end)
end
