#!lua flags=allow-oom
-- Acquires a session slot for a user, replaces the user's existing session, or puts the user into the waiting room. Deletes expired
-- leases and queue positions first. It may run when memory is full: what it keeps is bounded in time.
--
-- Times are those of the session clock, unless they say otherwise.
--
-- KEYS  1 live, 2 holders, 3 active:guests, 4 active:accounts, 5 ending, 6 addresses: see lease-index.lua. The record has
--         {token, fence, node, deviceId, attempt, startedAtMs, authorisedUntilMs, isGuest?, address?, replaced?}
--       7 waiting, 8 waiting:guests, 9 waiting:lapse, 10 waiting:tickets, 11 waiting:kept: see waiting-room.lua
--       12 waiting:arrivals  last arrival number
--       13 touched           time of Redis when a server last acquired or renewed a lease, ms
--       14 skew              session clock minus the clock of Redis, ms
--       15 fence             number of the last acquisition
-- ARGV  1 userId  2 token  3 node  4 deviceId ('' = none)  5 authorisedUntilMs  6 takeover (1 or 0)
--       7 maxClients (0 = no limit)  8 ttlMs  9 ticket for a user who is not in the queue
--       10 deadline of the caller by the clock of Redis, ms  11 number of the device's attempt ('' = not counted)
--       12 guest (1 or 0)  13 slots that guests may not take
--       14 address of the client ('' = not counted)  15 slots for one address
-- Reply {'acquired', startedAtMs, fence} or {'acquired', startedAtMs, fence, node, token of the replaced session}
--       (startedAtMs by the clock of Redis; fence is '' if an earlier release acquired the lease)
--       {'full', position, ticket, retryAfterMs}
--       {'already-connected', startedAtMs}
--       {'address-full'} when the address has no slot left; the user then leaves the queue
--       {'late', time of Redis} when the deadline has passed

local index = leaseIndex(unpack(KEYS, 1, 6))
local queue = waitingRoom(unpack(KEYS, 7, 11))
local arrivals, touched, skew, lastFence = unpack(KEYS, 12, 15)
-- A lapsed user keeps the arrival number for this many TTLs.
local KEPT_TTLS = 8
local user, token, device = ARGV[1], ARGV[2], ARGV[4]
local maxClients, ttl = tonumber(ARGV[7]), tonumber(ARGV[8])
local isGuest, reserved = ARGV[12] == '1', tonumber(ARGV[13])
local address, clientsPerAddress = ARGV[14], tonumber(ARGV[15])
local now, redisMs = readClock(touched, skew, ttl)

-- After a freeze Redis executes the commands that it had received. An abandoned attempt must not replace the session of a later one.
if redisMs > tonumber(ARGV[10]) then return { 'late', redisMs } end

touchClock(touched, skew, now, redisMs)
deleteLeases(index, redis.call('ZRANGE', index.live, '-inf', now, 'BYSCORE'))
deleteLapsed(queue, now)

-- Whether the user must wait: the users ahead in the queue and the slots that they can take decide.
local function mustWait(arrival)
  local free, freeForGuests = freeSlots(index, maxClients, reserved)
  local ahead = redis.call('ZRANK', queue.waiting, user) or redis.call('ZCARD', queue.waiting)
  local guestsAhead = redis.call('ZCOUNT', queue.waitingGuests, '-inf', arrival and '(' .. arrival or '+inf')
  if isGuest then return ahead >= free or guestsAhead >= freeForGuests, ahead end
  -- Guests ahead that only a reserved slot could admit do not delay an account.
  return ahead - guestsAhead + math.min(guestsAhead, math.max(0, freeForGuests)) >= free, ahead
end

local function joinQueue(arrival)
  redis.call('ZADD', queue.waiting, arrival, user)
  if isGuest then redis.call('ZADD', queue.waitingGuests, arrival, user) end
end

local held = redis.call('HGET', index.holders, user)
held = held and cjson.decode(held)
if held and held.token == token then
  redis.call('ZADD', index.live, now + ttl, user)
  if held.replaced then -- the first reply may have been lost
    return { 'acquired', held.startedAtMs, held.fence or '', held.replaced.node, held.replaced.token }
  end
  return { 'acquired', held.startedAtMs, held.fence or '' }
end
if held then
  local isSameDevice = device ~= '' and held.deviceId == device
  local isLate = isSameDevice and (tonumber(ARGV[11]) or math.huge) < (tonumber(held.attempt) or 0)
  if isLate or not (isSameDevice or ARGV[6] == '1') then
    return { 'already-connected', held.startedAtMs }
  end
end

local counts = address ~= '' and clientsPerAddress > 0
local keepsAddress = held and held.address == address
if counts and not keepsAddress then
  local sessions = redis.call('ZLEXCOUNT', index.addresses, '[' .. address .. ' ', '(' .. address .. '!')
  if sessions >= clientsPerAddress then
    leaveQueue(queue, user)
    return { 'address-full' }
  end
end

if not held and maxClients > 0 then
  local arrival, ticket = string.match(redis.call('HGET', queue.tickets, user) or '', '^(%d+):(.+)$')
  -- A lapsed user, for example one with a throttled tab, continues at the old position.
  if arrival then joinQueue(arrival) end
  local waits, ahead = mustWait(arrival)
  if waits then
    if not arrival then
      arrival, ticket = redis.call('INCR', arrivals), ARGV[9]
      joinQueue(arrival)
      redis.call('HSET', queue.tickets, user, arrival .. ':' .. ticket)
    end
    local position = ahead + 1
    local retryAfter = math.max(100, math.floor(math.min(1000 + 10 * position, ttl / 2)))
    local lapsesAt = now + retryAfter + math.floor(ttl / 4)
    redis.call('ZADD', queue.lapse, lapsesAt, user)
    redis.call('ZADD', queue.kept, lapsesAt + KEPT_TTLS * ttl, user)
    return { 'full', position, ticket, retryAfter }
  end
end

local replaced = held and { node = held.node, token = held.token } or nil
if held and held.address then redis.call('ZREM', index.addresses, held.address .. ' ' .. user) end
if counts then redis.call('ZADD', index.addresses, 0, address .. ' ' .. user) end
-- Activity belongs to the user: a session that replaces an idle one is as idle. Otherwise a client would stay by reconnecting.
redis.call('ZADD', isGuest and index.activeGuests or index.activeAccounts, 'NX', now, user)
redis.call('ZREM', isGuest and index.activeAccounts or index.activeGuests, user)

-- Numbers as text, because cjson keeps only 14 digits.
local startedAt = string.format('%.0f', redisMs)
-- Grows with each acquisition: also when the clock was set back, and when the last number was lost with Redis' data.
local fence = string.format('%.0f', math.max(now, redisMs, tonumber(redis.call('GET', lastFence) or 0) + 1))
redis.call('SET', lastFence, fence)
redis.call('ZADD', index.live, now + ttl, user)
redis.call('HSET', index.holders, user, cjson.encode({
  token = token,
  fence = fence,
  node = ARGV[3],
  deviceId = device,
  attempt = ARGV[11],
  startedAtMs = startedAt,
  authorisedUntilMs = ARGV[5],
  isGuest = isGuest or nil,
  address = counts and address or nil,
  replaced = replaced,
}))
leaveQueue(queue, user)
if replaced then
  return { 'acquired', startedAt, fence, replaced.node, replaced.token }
end
return { 'acquired', startedAt, fence }
