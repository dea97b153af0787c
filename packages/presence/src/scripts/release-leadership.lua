-- Releases the leadership of a presence service.
--
-- KEYS  1 leader  name of the leading service
-- ARGV  1 name
-- Reply 1, or 0 when another service leads

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
