#!lua flags=allow-oom
-- Settles log entries of one conversation: removes them from the log, moves those with a reason to the dead letters, advances
-- the committed offset and trims the recent window. Repeating it changes nothing.
--
-- It may run when memory is full: it frees memory, and Redis would allow half of its commands (XACK, XDEL) in any case.
--
-- KEYS  1 log  2 conversation  3 seqs stored out of order  4 recent window  5 dead letters  6 recent deletions
-- ARGV  1 consumer group  2 number of stored messages that the recent window keeps,
--       then for each entry, in ascending order of seq: its id, its seq (0 = unknown), why it is dead ('' = it is in the store)
-- Reply {committed offset, the conversation's epoch}; the offset is -1 where the head is unknown
local group, keepRecent = ARGV[1], tonumber(ARGV[2])
-- Bounds the memory of the dead letters: beyond it the oldest ones leave. An alert fires at the first one.
local MAX_DEAD = 1000

local ids, seqs = {}, {}
for i = 3, #ARGV, 3 do
  local id, seq, reason = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local original = reason ~= '' and redis.call('XRANGE', KEYS[1], id, id)[1]
  if original then
    redis.call('XADD', KEYS[5], 'MAXLEN', MAX_DEAD, '*', 'entryId', id, 'reason', reason, unpack(original[2]))
  end
  if original or reason == '' then
    ids[#ids + 1] = id
    seqs[#seqs + 1] = seq
  end
end
if #ids > 0 then
  redis.call('XACK', KEYS[1], group, unpack(ids))
  redis.call('XDEL', KEYS[1], unpack(ids))
end

local state = redis.call('HMGET', KEYS[2], 'head', 'stored', 'floor', 'epoch')
if not state[1] then
  -- Redis lost the conversation while a worker held these entries. initialise-head.lua must not set the head below them.
  local last = seqs[#seqs] or 0
  if last > tonumber(state[3] or 0) then redis.call('HSET', KEYS[2], 'floor', last) end
  return { -1, '' }
end

local head, stored = tonumber(state[1]), tonumber(state[2])
local offset, lostTail = stored, false
for _, seq in ipairs(seqs) do
  if seq == offset + 1 then
    offset = seq
  elseif seq > head then
    -- Redis lost its newest writes and the store has them. Continue after them; the skipped seqs will never arrive.
    offset, lostTail = seq, true
  elseif seq > offset then
    redis.call('SADD', KEYS[3], seq)
  end
end
if lostTail then redis.call('DEL', KEYS[3]) end
while redis.call('SREM', KEYS[3], offset + 1) == 1 do offset = offset + 1 end

if offset > stored then
  redis.call('HSET', KEYS[2], 'stored', offset, 'head', math.max(head, offset))
  if offset > keepRecent then redis.call('XTRIM', KEYS[4], 'MINID', offset - keepRecent + 1) end
  -- Deletions are kept for longer than the window: a caller may have found a message in the store just before the deletion
  -- was stored, and its append must still get 'target-deleted'.
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', offset - 10 * keepRecent)
end
return { offset, state[4] or '' }
