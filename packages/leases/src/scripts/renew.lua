#!lua flags=allow-oom
-- Extends leases by the TTL, including an expired one that is not deleted, records the activity of their users, and says which
-- sessions end because they are idle while others wait. A call without leases only records that a server reaches Redis. It may run
-- when memory is full: a lease replaces itself.
--
-- A session is a candidate when its last activity is older than the idle timeout minus the time of the warning. As many candidates end
-- as slots are needed: first guests, then accounts, those that are idle for longest first. `ending` has the times at which they end. A
-- session leaves it by activity, or when fewer slots are needed. This script deletes no lease: its server does, after it has closed the
-- connection.
--
-- KEYS  1 live, 2 holders, 3 active:guests, 4 active:accounts, 5 ending, 6 addresses: see lease-index.lua
--       7 waiting, 8 waiting:guests, 9 waiting:lapse, 10 waiting:tickets, 11 waiting:kept: see waiting-room.lua
--       12 touched     time of Redis when a server last acquired or renewed a lease, ms
--       13 skew        session clock minus the clock of Redis, ms
-- ARGV  1 ttlMs  2 maxClients (0 = no limit)  3 slots that guests may not take
--       4 idle timeout, ms (0 = off)  5 time of the warning, ms
--       then of each lease: userId, token, time since the user's last activity in ms ('' = none since the last renewal)
-- Reply {time of Redis, {indexes of the lost leases, counted from 0: held with another token, or deleted},
--       {index, ms until the session ends, ...}}; 0 ms or less: it ends now

local index = leaseIndex(unpack(KEYS, 1, 6))
local queue = waitingRoom(unpack(KEYS, 7, 11))
local touched, skew = unpack(KEYS, 12, 13)
local ttl, maxClients, reserved = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local idleTimeout, warning = tonumber(ARGV[4]), tonumber(ARGV[5])
local FIRST_LEASE, FIELDS = 6, 3
local now, redisMs = readClock(touched, skew, ttl)
touchClock(touched, skew, now, redisMs)
local endsIdle = maxClients > 0 and idleTimeout > 0

-- Returns how many slots waiting users need, and how many more only guests can make free, because guests have taken all of theirs.
local function neededSlots()
  if not endsIdle then return 0, 0 end
  deleteLapsed(queue, now)
  local guests = redis.call('ZCARD', queue.waitingGuests)
  local accounts = redis.call('ZCARD', queue.waiting) - guests
  local free = math.max(0, maxClients - redis.call('ZCARD', index.live))
  local roomForGuests = math.max(0, maxClients - reserved - redis.call('ZCARD', index.activeGuests))
  local admissible = math.min(guests, roomForGuests)
  return math.max(0, accounts + admissible - free), guests - admissible
end

local needed, neededOfGuests = neededSlots()
local candidatesSince = now - (idleTimeout - warning)
local idleGuests = needed > 0 and redis.call('ZCOUNT', index.activeGuests, '-inf', candidatesSince) or 0
local isAnyNeeded = needed + neededOfGuests > 0
if not isAnyNeeded then redis.call('DEL', index.ending) end

-- Whether a session, which is a candidate, must make room.
local function isNeeded(user, isGuest)
  if isGuest then return redis.call('ZRANK', index.activeGuests, user) < needed + neededOfGuests end
  return idleGuests + redis.call('ZRANK', index.activeAccounts, user) < needed
end

-- Returns the time until a session ends, or nil.
local function endsIn(user, isGuest)
  local active = isGuest and index.activeGuests or index.activeAccounts
  local activeAt = redis.call('ZSCORE', active, user)
  if not activeAt then -- acquired by an earlier release
    redis.call('ZADD', active, now, user)
    return nil
  end
  if tonumber(activeAt) > candidatesSince or not isNeeded(user, isGuest) then
    redis.call('ZREM', index.ending, user)
    return nil
  end
  redis.call('ZADD', index.ending, 'NX', math.max(now + warning, activeAt + idleTimeout), user)
  return redis.call('ZSCORE', index.ending, user) - now
end

local lost, ends = {}, {}
for i = FIRST_LEASE, #ARGV, FIELDS do
  local user, token, activeAgo = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local record = redis.call('HGET', index.holders, user)
  record = record and cjson.decode(record)
  local position = (i - FIRST_LEASE) / FIELDS
  if record and record.token == token then
    redis.call('ZADD', index.live, now + ttl, user)
    if endsIdle and activeAgo ~= '' then
      redis.call('ZADD', record.isGuest and index.activeGuests or index.activeAccounts, 'GT', now - activeAgo, user)
      if isAnyNeeded then redis.call('ZREM', index.ending, user) end
    end
    local endsInMs = isAnyNeeded and endsIn(user, record.isGuest)
    if endsInMs then
      ends[#ends + 1] = position
      ends[#ends + 1] = endsInMs
    end
  else
    lost[#lost + 1] = position
  end
end
return { redisMs, lost, ends }
