#!lua flags=allow-oom
-- Acquires or renews the leadership of the presence services.
--
-- KEYS  1 leader  name of the leading service
-- ARGV  1 name  2 ttlMs
-- Reply 'renewed' when the service was the leader, 'acquired' when it is the new one, 'follower' when another service leads

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  -- More time than a renewal gives: the clock of Redis was set back since then.
  if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return 'follower'
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return holder and 'renewed' or 'acquired'
