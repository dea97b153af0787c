#!lua
-- Appends messages: assigns each message its seq and adds it to the log, or replies why it was not appended.
--
-- The script never parses a message: its JSON is stored as the caller wrote it.
-- Redis does not roll scripts back. The first line makes Redis refuse the whole script when it cannot write (memory is full,
-- too few replicas), and nothing below can fail between the writes of one message. A failure affects one message only.
--
-- Includes epoch.lua, dedupe.lua, expiry.lua and places.lua.
--
-- KEYS  1 log  2 epoch  3 run id  4 dedupe state  5-7 filters of sent messages  8 places, then for each message:
--       conversation, recent window, use of this clientMessageId by this sender, recent deletions, sender
--       (the number of keys is fixed, so there may be more keys than the messages need; the last ones are ignored)
-- ARGV  1 limit of messages in process  2 how long an exact use is kept (ms)  3 bits of a new filter
--       4 messages per second of a sender (0 = no limit)  5 messages that a sender may send at once, then for each message:
--       conversation id, user who counts as the sender ('' = a system message: neither rate nor shares apply),
--       message id, digest of the content, message as JSON without seq and time, node, members version,
--       fence of the sender's session (0 = not known), id of the message that it replies to or changes ('' = none,
--       '-' = it was not found),
--       id of the message that it deletes ('' = none), two hashes of sender and clientMessageId,
--       moment at which the store had no such message ('' = it was not asked)
-- Reply for each message, one of:
--       {'sent', entry}                    the sender used this clientMessageId before, perhaps for another message
--       {'superseded'}                     a later session of the sender has appended
--       {'head-unknown'}                   initialise the conversation's head first
--       {'sender-unknown', moment, nowMs}  load what the sender sent into the filters first (load-sender.lua)
--       {'maybe-sent', moment, nowMs}      ask the store whether the sender used this clientMessageId, then repeat with the moment
--       {'stale-members', members version} the member list has another version
--       {'target-missing'}                 the message that it replies to or changes is deleted or was not found
--       {'rate-limited', retry after (ms)} the sender has no token
--       {'busy'}                           the limit of messages in process is reached
--       {'over-share'}                     the sender or the conversation holds its share, and little is free
--       {'appended', seq, createdAtMs}
--       {'failed', reason}
local KEYS_BEFORE, KEYS_EACH = 8, 5
local ARGS_BEFORE, ARGS_EACH = 5, 13
local SENDER_KEPT_MS = 24 * 3600 * 1000

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local log, exactMs = KEYS[1], ARGV[2]
local perSecond, burst = tonumber(ARGV[4]), tonumber(ARGV[5])
local tokenMs = perSecond > 0 and burst > 0 and 1000 / perSecond

local messages = (#ARGV - ARGS_BEFORE) / ARGS_EACH

-- The strings of the whole call are read with one command, and so are the places: each command costs a script about as much as a
-- small write. An append adds its use, for a repeat in the same call.
local uses, stored, holders = {}, nil, {}
do
  local keys = { KEYS[2], KEYS[3] }
  for i = 1, messages do
    local arg = ARGS_BEFORE + (i - 1) * ARGS_EACH
    keys[i + 2] = KEYS[KEYS_BEFORE + (i - 1) * KEYS_EACH + 3]
    holders['s:' .. ARGV[arg + 2]], holders['c:' .. ARGV[arg + 1]] = true, true
  end
  stored = redis.call('MGET', unpack(keys))
  for i = 3, #keys do uses[keys[i]] = stored[i] end
end
local epoch = currentEpoch(KEYS[2], KEYS[3], stored)
local dedupe = openDedupe(KEYS[4], { KEYS[5], KEYS[6], KEYS[7] }, ARGV[3], epoch, nowMs)
local limit, length = tonumber(ARGV[1]), redis.call('XLEN', log)
local places = openPlaces(KEYS[8], holders)
verifyPlaces(places, log, length, nowMs)

-- Returns the fence of the sender's latest session, and the moment at which its token bucket will be full (ms).
local function readSender(sender)
  if not tokenMs then return tonumber(redis.call('HGET', sender, 'fence') or 0), 0 end
  local known = redis.call('HMGET', sender, 'fence', 'fullAt')
  return tonumber(known[1] or 0), tonumber(known[2] or 0)
end

-- Returns the moment at which a token bucket is full after one more token was taken, and the time until there is a token (ms, 0 = there
-- is one).
local function takeToken(fullAt)
  -- Not later than with an empty bucket, even if the clock was set back.
  local after = math.min(math.max(fullAt, nowMs), nowMs + burst * tokenMs) + tokenMs
  return after, math.max(0, math.ceil(after - burst * tokenMs - nowMs))
end

-- Each conversation is read once and written once in a call: many messages of a busy server are for the same conversations.
local states = {}
local function stateOf(conversation)
  local state = states[conversation]
  if state == nil then
    local fields = redis.call('HMGET', conversation, 'head', 'membersVersion', 'lastMs', 'epoch', 'expires', 'initialised')
    state = fields[1] and fields[4] == epoch and {
      head = tonumber(fields[1]),
      membersVersion = fields[2] or '',
      lastMs = tonumber(fields[3] or 0),
      expires = fields[5],
      initialised = tonumber(fields[6] or 0),
    }
    states[conversation] = state
  end
  return state
end

local function append(conversation, recent, use, deletions, sender, conversationId, user, id, digest, message, node,
    membersVersion, fence, target, deleted, firstHash, secondHash, askedAt)
  if uses[use] then return { 'sent', uses[use] } end

  local own, latest, fullAt = tonumber(fence), 0, 0
  if own > 0 or tokenMs then latest, fullAt = readSender(sender) end
  if own > 0 then
    if own < latest then return { 'superseded' } end
    if own > latest then
      redis.call('HSET', sender, 'fence', own)
      redis.call('PEXPIRE', sender, SENDER_KEPT_MS)
    end
  end

  local state = stateOf(conversation)
  if not state then return { 'head-unknown' } end
  local doubt = doubtOf(dedupe, sender, firstHash, secondHash, state.initialised, askedAt)
  if doubt then return { doubt, momentOf(dedupe), nowMs } end
  if state.membersVersion ~= membersVersion then return { 'stale-members', state.membersVersion } end
  if target == '-' or target ~= '' and redis.call('ZSCORE', deletions, target) then return { 'target-missing' } end

  local isRated, waitMs = tokenMs and user ~= '', 0
  if isRated then fullAt, waitMs = takeToken(fullAt) end
  if waitMs > 0 then return { 'rate-limited', waitMs } end
  local free = limit - length
  if free <= 0 then return { 'busy' } end
  if user ~= '' and not isFair(places, limit, free, user, conversationId) then return { 'over-share' } end

  if state.expires then
    keepForever(conversation, recent, deletions)
    state.expires = nil
  end
  -- Timestamps must not decrease within a conversation, even if the clock was set back.
  local seq, createdAtMs = state.head + 1, math.max(nowMs, state.lastMs)
  state.head, state.lastMs, state.isChanged = seq, createdAtMs, true
  redis.call('XADD', log, '*', 'conversation', conversationId, 'seq', seq, 'time', createdAtMs, 'node', node,
    'epoch', epoch, 'sender', user, 'message', message)
  length = length + 1
  countEntry(places, user, conversationId, 1)
  redis.call('XADD', recent, seq .. '-0', 'time', createdAtMs, 'message', message)
  if deleted ~= '' then redis.call('ZADD', deletions, seq, deleted) end
  uses[use] = conversationId .. ' ' .. id .. ' ' .. seq .. ' ' .. createdAtMs .. ' ' .. digest
  redis.call('SET', use, uses[use], 'PX', exactMs)
  addToFilter(dedupe, firstHash, secondHash)
  if isRated then
    redis.call('HSET', sender, 'fullAt', string.format('%.3f', fullAt))
    -- Otherwise the fence has set the lifetime.
    if own == 0 then redis.call('PEXPIRE', sender, SENDER_KEPT_MS) end
  end
  return { 'appended', seq, createdAtMs }
end

local replies = {}
for i = 0, messages - 1 do
  local key, arg = KEYS_BEFORE + i * KEYS_EACH, ARGS_BEFORE + i * ARGS_EACH
  local isDone, reply = pcall(append, KEYS[key + 1], KEYS[key + 2], KEYS[key + 3], KEYS[key + 4], KEYS[key + 5],
    unpack(ARGV, arg + 1, arg + ARGS_EACH))
  replies[i + 1] = isDone and reply or { 'failed', type(reply) == 'table' and reply.err or tostring(reply) }
end
for conversation, state in pairs(states) do
  if state and state.isChanged then redis.call('HSET', conversation, 'head', state.head, 'lastMs', state.lastMs) end
end
savePlaces(places)
return replies
