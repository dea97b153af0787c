#!lua flags=allow-oom
-- Acquires a session slot for a user, replaces the user's existing session, or puts the user into the waiting room. Deletes expired
-- leases and queue positions first. It may run when memory is full: what it keeps is bounded in time.
--
-- Times are those of the session clock, unless they say otherwise.
--
-- KEYS  1 live              ZSET userId -> time when the lease expires, ms
--       2 holders           HASH userId -> record as JSON {token, fence, node, deviceId, attempt, startedAtMs, authorisedUntilMs, replaced?}
--       3 waiting           ZSET userId -> arrival number
--       4 waiting:lapse     ZSET userId -> time when the queue position lapses, ms
--       5 waiting:tickets   HASH userId -> arrival number:ticket
--       6 waiting:kept      ZSET userId -> time when the arrival number is deleted, ms
--       7 waiting:arrivals  last arrival number
--       8 touched           time of Redis when a server last acquired or renewed a lease, ms
--       9 skew              session clock minus the clock of Redis, ms
--       10 fence            number of the last acquisition
-- ARGV  1 userId  2 token  3 node  4 deviceId ('' = none)  5 authorisedUntilMs  6 takeover (1 or 0)
--       7 maxClients (0 = no limit)  8 ttlMs  9 ticket for a user who is not in the queue
--       10 deadline of the caller by the clock of Redis, ms  11 number of the device's attempt ('' = not counted)
-- Reply {'acquired', startedAtMs, fence} or {'acquired', startedAtMs, fence, node, token of the replaced session}
--       (startedAtMs by the clock of Redis; fence is '' if an earlier release acquired the lease)
--       {'full', position, ticket, retryAfterMs}
--       {'already-connected', startedAtMs}
--       {'late', time of Redis} when the deadline has passed

local live, holders, waiting, lapse, tickets, kept, arrivals, touched, skew, lastFence = unpack(KEYS)
-- A lapsed user keeps the arrival number for this many TTLs.
local KEPT_TTLS = 8
local user, token, device = ARGV[1], ARGV[2], ARGV[4]
local maxClients, ttl = tonumber(ARGV[7]), tonumber(ARGV[8])
local now, redisMs = readClock(touched, skew, ttl)

-- After a freeze Redis executes the commands that it had received. An abandoned attempt must not replace the session of a later one.
if redisMs > tonumber(ARGV[10]) then return { 'late', redisMs } end

touchClock(touched, skew, now, redisMs)

local function purge(index, remove, key)
  local expired = redis.call('ZRANGE', index, '-inf', now, 'BYSCORE')
  for first = 1, #expired, 1000 do -- Lua limits the number of arguments of one call
    redis.call(remove, key, unpack(expired, first, math.min(first + 999, #expired)))
  end
end

purge(live, 'HDEL', holders)
redis.call('ZREMRANGEBYSCORE', live, '-inf', now)
purge(lapse, 'ZREM', waiting)
redis.call('ZREMRANGEBYSCORE', lapse, '-inf', now)
purge(kept, 'HDEL', tickets)
redis.call('ZREMRANGEBYSCORE', kept, '-inf', now)

local replaced
local held = redis.call('HGET', holders, user)
if held then
  held = cjson.decode(held)
  if held.token == token then
    redis.call('ZADD', live, now + ttl, user)
    if held.replaced then -- the first reply may have been lost
      return { 'acquired', held.startedAtMs, held.fence or '', held.replaced.node, held.replaced.token }
    end
    return { 'acquired', held.startedAtMs, held.fence or '' }
  end
  local isSameDevice = device ~= '' and held.deviceId == device
  local isLate = isSameDevice and (tonumber(ARGV[11]) or math.huge) < (tonumber(held.attempt) or 0)
  if isLate or not (isSameDevice or ARGV[6] == '1') then
    return { 'already-connected', held.startedAtMs }
  end
  replaced = { node = held.node, token = held.token }
elseif maxClients > 0 then
  local free = maxClients - redis.call('ZCARD', live)
  local arrival, ticket = string.match(redis.call('HGET', tickets, user) or '', '^(%d+):(.+)$')
  -- A lapsed user, for example one with a throttled tab, continues at the old position.
  if arrival then redis.call('ZADD', waiting, arrival, user) end
  local ahead = redis.call('ZRANK', waiting, user) or redis.call('ZCARD', waiting)
  if ahead >= free then
    if not arrival then
      arrival, ticket = redis.call('INCR', arrivals), ARGV[9]
      redis.call('ZADD', waiting, arrival, user)
      redis.call('HSET', tickets, user, arrival .. ':' .. ticket)
    end
    local position = ahead + 1
    local retryAfter = math.max(100, math.floor(math.min(1000 + 10 * position, ttl / 2)))
    local lapsesAt = now + retryAfter + math.floor(ttl / 4)
    redis.call('ZADD', lapse, lapsesAt, user)
    redis.call('ZADD', kept, lapsesAt + KEPT_TTLS * ttl, user)
    return { 'full', position, ticket, retryAfter }
  end
end

-- Numbers as text, because cjson keeps only 14 digits.
local startedAt = string.format('%.0f', redisMs)
-- Grows with each acquisition: also when the clock was set back, and when the last number was lost with Redis' data.
local fence = string.format('%.0f', math.max(now, redisMs, tonumber(redis.call('GET', lastFence) or 0) + 1))
redis.call('SET', lastFence, fence)
redis.call('ZADD', live, now + ttl, user)
redis.call('HSET', holders, user, cjson.encode({
  token = token,
  fence = fence,
  node = ARGV[3],
  deviceId = device,
  attempt = ARGV[11],
  startedAtMs = startedAt,
  authorisedUntilMs = ARGV[5],
  replaced = replaced,
}))
redis.call('ZREM', waiting, user)
redis.call('ZREM', lapse, user)
redis.call('ZREM', kept, user)
redis.call('HDEL', tickets, user)
if replaced then
  return { 'acquired', startedAt, fence, replaced.node, replaced.token }
end
return { 'acquired', startedAt, fence }
