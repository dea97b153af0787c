#!lua flags=allow-oom
-- Settles log entries of one conversation: removes them from the log, moves those with a reason to the dead letters, advances
-- the committed offset and trims the recent window. Repeating it changes nothing.
--
-- An entry counts only if it is in the log. One that is not was settled before, or was lost together with other newest writes of
-- Redis; its seq may belong to another message by now. So neither moves the head or the committed offset.
--
-- It may run when memory is full: it frees memory, and Redis would allow half of its commands (XACK, XDEL) in any case.
--
-- KEYS  1 log  2 conversation  3 seqs stored out of order  4 recent window  5 dead letters  6 recent deletions  7 epoch  8 run id
--       9 places
-- ARGV  1 consumer group  2 number of stored messages that the recent window keeps
--       3 time after which an idle conversation leaves Redis (ms)  4 conversation id
--       then for each entry, in ascending order of seq: its id, its epoch, its seq (0 = unknown), its field `sender` ('' = it has none),
--       why it is dead ('' = it is in the store)
-- Reply {committed offset, epoch}; the offset is -1 where the head is unknown in the current epoch
local epoch = currentEpoch(KEYS[7], KEYS[8])
local group, keepRecent, idleMs = ARGV[1], tonumber(ARGV[2]), ARGV[3]
-- Bounds the memory of the dead letters: beyond it the oldest ones leave. An alert fires at the first one.
local MAX_DEAD = 1000

local ids, seqs = {}, {}
local removed, holders = {}, {}
for i = 5, #ARGV, 5 do
  local id, entryEpoch, seq, sender, reason = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4]
  local conversation, isDead = ARGV[4], reason ~= ''
  -- No other entry has the id while the epoch lasts, so an entry of the current epoch does not have to be read.
  local isCurrent = entryEpoch == epoch
  local fields = (isDead or not isCurrent) and findEntry(KEYS[1], id, entryEpoch)
  if isDead and fields then
    redis.call('XADD', KEYS[5], 'MAXLEN', MAX_DEAD, '*', 'entryId', id, 'reason', reason, unpack(fields))
    sender, conversation = holderOf(fields)
  end
  if isCurrent or fields then
    ids[#ids + 1] = id
    if redis.call('XDEL', KEYS[1], id) == 1 then
      seqs[#seqs + 1] = seq
      removed[#removed + 1] = { sender = sender, conversation = conversation }
      holders['s:' .. sender], holders['c:' .. conversation] = true, true
    end
  end
end
if #ids > 0 then redis.call('XACK', KEYS[1], group, unpack(ids)) end
if #removed > 0 then
  local places = openPlaces(KEYS[9], holders)
  for _, entry in ipairs(removed) do countEntry(places, entry.sender, entry.conversation, -1) end
  savePlaces(places)
end

local state = redis.call('HMGET', KEYS[2], 'head', 'stored', 'epoch')
if not state[1] then return { -1, '' } end

local head, stored = tonumber(state[1]), tonumber(state[2])
local offset = stored
for _, seq in ipairs(seqs) do
  if seq == offset + 1 then
    offset = seq
  elseif seq > offset then
    redis.call('SADD', KEYS[3], seq)
  end
end
while redis.call('SREM', KEYS[3], offset + 1) == 1 do offset = offset + 1 end

if offset > stored then
  head = math.max(head, offset)
  redis.call('HSET', KEYS[2], 'stored', offset, 'head', head)
  if offset > keepRecent then redis.call('XTRIM', KEYS[4], 'MINID', offset - keepRecent + 1) end
  -- Deletions are kept for longer than the window: a caller may have found a message in the store just before the deletion
  -- was stored, and its append must still get 'target-missing'.
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', offset - 10 * keepRecent)
end
if offset == head then expireWhenIdle(idleMs, KEYS[2], KEYS[4], KEYS[6]) end
if state[3] ~= epoch then return { -1, '' } end
return { offset, epoch }
