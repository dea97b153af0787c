#!lua
-- Appends messages: assigns each message its seq and adds it to the log, or replies why it was not appended.
--
-- The script never parses a message: its JSON is stored as the caller wrote it, and a message costs about 15 µs.
-- Redis does not roll scripts back. The first line makes Redis refuse the whole script when it cannot write (memory is full,
-- too few replicas), and nothing below can fail between the writes of one message. A failure affects one message only.
--
-- KEYS  1 log  2 epoch  3 run id, then for each message:
--       conversation, recent window, use of this clientMessageId by this sender, recent deletions
--       (the number of keys is fixed, so there may be more keys than the messages need; the last ones are ignored)
-- ARGV  1 limit of messages in process  2 dedupe window (ms), then for each message:
--       conversation id, message id, digest of the content, message as JSON without seq and time, node, members version,
--       id of the message that it replies to or changes ('' = none), id of the message that it deletes ('' = none)
-- Reply for each message, one of:
--       {'sent', entry}                    the sender used this clientMessageId before, perhaps for another message
--       {'head-unknown'}                   initialise the conversation's head first
--       {'stale-members', members version} the member list has another version
--       {'target-deleted'}                 the message that it replies to or changes is deleted
--       {'busy'}                           the limit of messages in process is reached
--       {'appended', seq, createdAtMs}
--       {'failed', reason}
local log = KEYS[1]
local epoch = currentEpoch(KEYS[2], KEYS[3])
local free = tonumber(ARGV[1]) - redis.call('XLEN', log)
local dedupeTtlMs = ARGV[2]
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)

-- Keeps the keys of an idle conversation, which settle.lua lets expire while everything is stored.
local function keep(conversation, recent, deletions)
  redis.call('HDEL', conversation, 'expires')
  for _, key in ipairs({ conversation, recent, deletions }) do redis.call('PERSIST', key) end
end

local function append(conversation, recent, use, deletions, conversationId, id, digest, message, node, membersVersion,
    target, deleted)
  local sent = redis.call('GET', use)
  if sent then return { 'sent', sent } end

  local state = redis.call('HMGET', conversation, 'head', 'membersVersion', 'lastMs', 'epoch', 'expires')
  if not state[1] or state[4] ~= epoch then return { 'head-unknown' } end
  local currentVersion = state[2] or ''
  if currentVersion ~= membersVersion then return { 'stale-members', currentVersion } end
  if target ~= '' and redis.call('ZSCORE', deletions, target) then return { 'target-deleted' } end
  if free <= 0 then return { 'busy' } end

  local seq = tonumber(state[1]) + 1
  -- Timestamps must not decrease within a conversation, even if the clock was set back.
  local createdAtMs = math.max(nowMs, tonumber(state[3] or 0))

  if state[5] then keep(conversation, recent, deletions) end
  redis.call('HSET', conversation, 'head', seq, 'lastMs', createdAtMs)
  redis.call('XADD', log, '*', 'conversation', conversationId, 'seq', seq, 'time', createdAtMs, 'node', node,
    'epoch', epoch, 'message', message)
  free = free - 1
  redis.call('XADD', recent, seq .. '-0', 'time', createdAtMs, 'message', message)
  if deleted ~= '' then redis.call('ZADD', deletions, seq, deleted) end
  redis.call('SET', use, table.concat({ conversationId, id, seq, createdAtMs, digest }, ' '), 'PX', dedupeTtlMs)
  return { 'appended', seq, createdAtMs }
end

local replies = {}
for i = 0, (#ARGV - 2) / 8 - 1 do
  local key, arg = 4 + i * 4, 3 + i * 8
  local isDone, reply = pcall(append, KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3], unpack(ARGV, arg, arg + 7))
  replies[i + 1] = isDone and reply or { 'failed', type(reply) == 'table' and reply.err or tostring(reply) }
end
return replies
