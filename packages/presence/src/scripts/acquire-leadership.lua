-- Makes a presence service the one that leads, or keeps it so.
--
-- KEYS  1 leader  name of the service that leads
-- ARGV  1 name  2 ttlMs
-- Reply 'leads' as before, 'takes-over' from now on, 'follows' when another one leads

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 'follows'
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return holder and 'leads' or 'takes-over'
