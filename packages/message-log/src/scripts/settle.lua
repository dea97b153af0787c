#!lua flags=allow-oom
-- Ends the lives of log entries of one conversation: frees their places, moves those with a reason to the dead letters,
-- moves the stored mark, trims the recent window. Repeating it changes nothing.
--
-- It may run when memory is full: it is what frees memory, and half of it (XACK, XDEL) Redis would let through anyway.
--
-- KEYS  1 log  2 conversation  3 seqs stored out of order  4 recent window  5 dead letters  6 what was deleted lately
-- ARGV  1 consumer group  2 how many stored messages the recent window keeps
--       then for each entry, seqs ascending: its id, its seq (0 = unknown), the reason it is dead ('' = it is in the store)
-- Reply {the stored mark, the conversation's epoch}; the mark is -1 where the conversation is unseeded
local group, keepRecent = ARGV[1], tonumber(ARGV[2])

local ids, seqs = {}, {}
for i = 3, #ARGV, 3 do
  local id, seq, reason = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local original = reason ~= '' and redis.call('XRANGE', KEYS[1], id, id)[1]
  if original then redis.call('XADD', KEYS[5], '*', 'entryId', id, 'reason', reason, unpack(original[2])) end
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
  -- Redis lost the conversation while a worker had these entries in hand: the next seed must not begin below them.
  local last = seqs[#seqs] or 0
  if last > tonumber(state[3] or 0) then redis.call('HSET', KEYS[2], 'floor', last) end
  return { -1, '' }
end

local head, stored = tonumber(state[1]), tonumber(state[2])
local mark, lostTail = stored, false
for _, seq in ipairs(seqs) do
  if seq == mark + 1 then
    mark = seq
  elseif seq > head then
    -- Redis lost its newest writes, the store has them: go on above, whatever is missing between will not come.
    mark, lostTail = seq, true
  elseif seq > mark then
    redis.call('SADD', KEYS[3], seq)
  end
end
if lostTail then redis.call('DEL', KEYS[3]) end
while redis.call('SREM', KEYS[3], mark + 1) == 1 do mark = mark + 1 end

if mark > stored then
  redis.call('HSET', KEYS[2], 'stored', mark, 'head', math.max(head, mark))
  if mark > keepRecent then redis.call('XTRIM', KEYS[4], 'MINID', mark - keepRecent + 1) end
  -- Longer than the window: whoever found a message in the store just before its deletion was there is told when it answers.
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', mark - 10 * keepRecent)
end
return { mark, state[4] or '' }
