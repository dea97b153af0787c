#!lua
-- Tells Redis a conversation's newest stored seq, unless it is certain of one already in this epoch.
--
-- A worker may have saved messages after the caller asked the store and before Redis knew the conversation again; their
-- highest seq was kept as `floor` (see settle.lua) and wins, or the next message would get a seq that is taken. A Redis
-- that came back with an older head than the store's goes on above the store's.
--
-- KEYS  1 conversation  2 recent window  3 seqs stored out of order  4 epoch
-- ARGV  1 newest stored seq, 0 = none  2 an epoch to begin if there is none: all data was deleted under a living Redis
-- Reply 1 = done, 0 = one is known already
local epoch = redis.call('GET', KEYS[4])
if not epoch then
  epoch = ARGV[2]
  redis.call('SET', KEYS[4], epoch)
end
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
redis.call('HDEL', KEYS[1], 'floor')
return 1
