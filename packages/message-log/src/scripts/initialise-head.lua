#!lua flags=allow-oom
-- Sets a conversation's head from the store, unless the head is known in the current epoch. It may run when memory is full: a
-- head is small, and the history cannot be read without it.
--
-- Redis loses the newest of its writes, never others. So of the seqs up to the head that it knows, those above the committed offset
-- are in the log, or were stored out of order. The seqs above that head, up to the store's, are in the store: the caller has filled
-- the gaps. The log has none of them any more.
--
-- The members version changes: Redis may have lost a change of the member list, and none was recorded while Redis did not know
-- the conversation. It begins with '~' while a removal is in progress (begin-removal.lua).
--
-- KEYS  1 conversation  2 recent window  3 seqs stored out of order  4 recent deletions  5 epoch  6 run id
--       7 dedupe state  8 removals of members in progress
-- ARGV  1 ticket from prepare-head.lua  2 newest seq in the store, 0 = none  3 new members version ('' = there is no member list)
--       4 time after which an idle conversation leaves Redis (ms)
-- Reply 1 = the head is known, 0 = the ticket is not valid any more: prepare again
local epoch = currentEpoch(KEYS[5], KEYS[6])
local state = redis.call('HMGET', KEYS[1], 'head', 'stored', 'epoch', 'ticket')
if state[1] and state[3] == epoch then return 1 end
if state[4] ~= ARGV[1] or string.sub(ARGV[1], 1, #epoch + 1) ~= epoch .. ' ' then return 0 end

local storedHead = tonumber(ARGV[2])
local head, offset
if state[1] then
  local known = tonumber(state[1])
  head, offset = math.max(known, storedHead), tonumber(state[2])
  if storedHead > known then
    if offset == known then
      offset = storedHead
    else
      for seq = known + 1, storedHead do redis.call('SADD', KEYS[3], seq) end
    end
  end
else
  head, offset = storedHead, storedHead
  redis.call('DEL', KEYS[3])
  -- A window without a conversation means that single keys were deleted. Its messages may be unstored, and their seqs are in use.
  local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  local newestSeq = newest and tonumber(string.match(newest[1], '^%d+')) or 0
  if newestSeq > head then head = newestSeq else redis.call('DEL', KEYS[2]) end
end

local membersVersion = ARGV[3]
if membersVersion ~= '' and redis.call('EXISTS', KEYS[8]) == 1 then membersVersion = '~' .. membersVersion end
redis.call('HSET', KEYS[1], 'head', head, 'stored', offset, 'epoch', epoch, 'membersVersion', membersVersion)
redis.call('HDEL', KEYS[1], 'ticket', 'initialised', 'floor') -- earlier releases wrote `floor`
-- From now on the stored messages of this conversation count as sent. dedupe.lua says what the number is for.
if storedHead > 0 then
  redis.call('HSET', KEYS[1], 'initialised', redis.call('HINCRBY', KEYS[7], 'initialisations', 1))
end
if offset == head then
  expireWhenIdle(ARGV[4], KEYS[1], KEYS[2], KEYS[4])
else
  keepForever(KEYS[1], KEYS[2], KEYS[4])
end
return 1
