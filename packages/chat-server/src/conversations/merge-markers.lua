#!lua flags=allow-oom
-- Merges stored markers into a hash: of each number the larger one stays. Then the hash has all markers, for as long as it lives.
-- A hash without a lifetime may lack some: Redis lost it, its lifetime passed, or an earlier release wrote it.
--
-- KEYS  1 HASH field -> `number number`
-- ARGV  1 lifetime of the hash, ms, then for each stored marker: field, number, number
-- Reply all markers of the hash: field, value, …
for i = 2, #ARGV, 3 do
  local first, second = string.match(redis.call('HGET', KEYS[1], ARGV[i]) or '0 0', '^(%d+) (%d+)$')
  first, second = math.max(tonumber(first), tonumber(ARGV[i + 1])), math.max(tonumber(second), tonumber(ARGV[i + 2]))
  redis.call('HSET', KEYS[1], ARGV[i], string.format('%.0f %.0f', first, second))
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('HGETALL', KEYS[1])
