#!lua
-- Accepts messages: gives each its place in its conversation and puts it into the log, or says why not.
--
-- A message stays the text that the caller made of it: nothing here reads JSON, so a message costs ~15 µs.
-- Scripts are not rolled back. With the first line Redis refuses the whole script when it may not write (memory is full, too
-- few replicas), and nothing below can fail between the writes of a message. What fails for one message fails for it alone.
--
-- KEYS  1 log  2 epoch, then of each message:
--       conversation, recent window, the sender's earlier use of this clientMessageId, what was deleted lately
--       (more keys than messages: the number of keys is fixed; the last ones mean nothing)
-- ARGV  1 most messages in process  2 how long (ms) a repeated clientMessageId is recognised, then of each message:
--       conversation id, message id, message as JSON without what is decided here, node, members version,
--       id of the message that it answers or changes, '' = none, id of the message that it deletes, '' = none
-- Reply of each message
--       {'sent', 'conversationId id seq createdAtMs'} it was accepted before, perhaps in another conversation
--       {'unseeded'}
--       {'stale-members', members version}
--       {'target-deleted'} what it answers or changes is deleted
--       {'busy'}
--       {'accepted', seq, createdAtMs}
--       {'failed', why}
local log = KEYS[1]
local epoch = redis.call('GET', KEYS[2])
local free = tonumber(ARGV[1]) - redis.call('XLEN', log)
local dedupeTtlMs = ARGV[2]
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)

local function accept(conversation, recent, use, deletions, conversationId, id, message, node, membersVersion, needed,
    deleted)
  local sent = redis.call('GET', use)
  if sent then return { 'sent', sent } end

  local state = redis.call('HMGET', conversation, 'head', 'membersVersion', 'lastMs', 'epoch')
  if not state[1] or state[4] ~= epoch then return { 'unseeded' } end
  local currentVersion = state[2] or ''
  if currentVersion ~= membersVersion then return { 'stale-members', currentVersion } end
  if needed ~= '' and redis.call('ZSCORE', deletions, needed) then return { 'target-deleted' } end
  if free <= 0 then return { 'busy' } end

  local seq = tonumber(state[1]) + 1
  -- A clock that was set back must not put an answer before its question.
  local createdAtMs = math.max(nowMs, tonumber(state[3] or 0))

  redis.call('HSET', conversation, 'head', seq, 'lastMs', createdAtMs)
  redis.call('XADD', log, '*', 'conversation', conversationId, 'seq', seq, 'time', createdAtMs, 'node', node,
    'message', message)
  free = free - 1
  redis.call('XADD', recent, seq .. '-0', 'time', createdAtMs, 'message', message)
  if deleted ~= '' then redis.call('ZADD', deletions, seq, deleted) end
  redis.call('SET', use, conversationId .. ' ' .. id .. ' ' .. seq .. ' ' .. createdAtMs, 'PX', dedupeTtlMs)
  return { 'accepted', seq, createdAtMs }
end

local replies = {}
for i = 0, (#ARGV - 2) / 7 - 1 do
  local key, arg = 3 + i * 4, 3 + i * 7
  local isDone, reply = pcall(accept, KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3], ARGV[arg], ARGV[arg + 1],
    ARGV[arg + 2], ARGV[arg + 3], ARGV[arg + 4], ARGV[arg + 5], ARGV[arg + 6])
  replies[i + 1] = isDone and reply or { 'failed', type(reply) == 'table' and reply.err or tostring(reply) }
end
return replies
