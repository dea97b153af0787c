#!lua flags=allow-oom
-- Replaces the presence of users if the caller leads. A former leader that was frozen changes nothing. It may run
-- when memory is full: what it adds is bounded by the users who hold a session slot, and leaves Redis after a while.
--
-- KEYS  1 leader       name of the leading service
--       2 shown        HASH userId -> 'online' or 'away'
--       3 away         SET of users that are reported as away
--       4 seen         ZSET userId -> time when an offline user was last online, ms
--       5 lastChanged  SET of the users of the last changes, which may not be published (key `last-told`)
-- ARGV  1 name  2 number of changes, then for each userId and 'online', 'away' or the last-seen time ('' = unknown) of an offline
--       user, then the users of earlier changes that are not published yet
-- Reply 1, or 0 when another service leads

local leader, shown, away, seen, lastChanged = unpack(KEYS)
if redis.call('GET', leader) ~= ARGV[1] then
  return 0
end

redis.call('DEL', lastChanged)
local last = 2 + 2 * ARGV[2]
for i = 3, last, 2 do
  local user, state = ARGV[i], ARGV[i + 1]
  if state == 'online' or state == 'away' then
    redis.call('HSET', shown, user, state)
  else
    redis.call('HDEL', shown, user)
    redis.call('SREM', away, user)
    if state ~= '' then
      redis.call('ZADD', seen, state, user)
    end
  end
  redis.call('SADD', lastChanged, user)
end
for i = last + 1, #ARGV do
  redis.call('SADD', lastChanged, ARGV[i])
end
return 1
