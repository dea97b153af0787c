#!lua flags=allow-oom
-- Sets a conversation's head from the store, unless the head is known in the current epoch. It may run when memory is full: a
-- head is small, and the history cannot be read without it.
--
-- A worker may have saved messages after the caller read the store and before Redis knew the conversation again. settle.lua
-- kept the highest of their seqs as `floor`. The floor wins over a lower stored seq: otherwise the next message would get a
-- seq that is in use. Where Redis has an older head than the store, the head continues above the store's.
--
-- KEYS  1 conversation  2 recent window  3 seqs stored out of order  4 epoch  5 run id  6 dedupe state
-- ARGV  1 newest seq in the store, 0 = none
-- Reply 1 = initialised, 0 = the head was known already
local epoch = currentEpoch(KEYS[4], KEYS[5])
local state = redis.call('HMGET', KEYS[1], 'head', 'floor', 'epoch')
if state[1] and state[3] == epoch then return 0 end

local known = tonumber(state[1] or -1)
local head = math.max(tonumber(ARGV[1]), tonumber(state[2] or 0))
if head > known then
  redis.call('HSET', KEYS[1], 'head', head, 'stored', head)
  redis.call('DEL', KEYS[3])
  if known < 0 then redis.call('DEL', KEYS[2]) end
end
redis.call('HSET', KEYS[1], 'epoch', epoch)
redis.call('HDEL', KEYS[1], 'floor', 'initialised')
-- From now on the stored messages of this conversation count as sent. dedupe.lua says what the number is for.
if tonumber(ARGV[1]) > 0 then
  redis.call('HSET', KEYS[1], 'initialised', redis.call('HINCRBY', KEYS[6], 'initialisations', 1))
end
return 1
