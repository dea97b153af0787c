#!lua flags=allow-oom
-- Sets whether a user is reported as away. It may run when memory is full: the set has users with a session only.
--
-- KEYS  1 away  SET of users that are reported as away
-- ARGV  1 userId  2 1 = away, 0 = not
-- Reply 1 = changed, 0 = it was so before

return redis.call(ARGV[2] == '1' and 'SADD' or 'SREM', KEYS[1], ARGV[1])
