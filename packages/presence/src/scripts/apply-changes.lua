-- Shows people differently, if the caller still leads: one that was frozen meanwhile changes nothing.
--
-- KEYS  1 leader     name of the service that leads
--       2 shown      HASH userId -> 'online' or 'away'
--       3 away       SET of users who said to be away
--       4 last-seen  HASH userId -> when a user who is offline was last there, ms
--       5 last-told  SET of users whose differences are told next
-- ARGV  1 name  2 number of differences, then userId and 'online', 'away' or the time since when offline ('' = not known) of each,
--       then the users who are still to be told of
-- Reply 1, or 0 when another one leads

local leader, shown, away, lastSeen, lastTold = unpack(KEYS)
if redis.call('GET', leader) ~= ARGV[1] then
  return 0
end

redis.call('DEL', lastTold)
local last = 2 + 2 * ARGV[2]
for i = 3, last, 2 do
  local user, state = ARGV[i], ARGV[i + 1]
  if state == 'online' or state == 'away' then
    redis.call('HSET', shown, user, state)
  else
    redis.call('HDEL', shown, user)
    redis.call('SREM', away, user)
    if state ~= '' then
      redis.call('HSET', lastSeen, user, state)
    end
  end
  redis.call('SADD', lastTold, user)
end
for i = last + 1, #ARGV do
  redis.call('SADD', lastTold, ARGV[i])
end
return 1
