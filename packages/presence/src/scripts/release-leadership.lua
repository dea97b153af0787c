-- Lets another presence service lead.
--
-- KEYS  1 leader  name of the service that leads
-- ARGV  1 name
-- Reply 1, or 0 when another one leads

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
