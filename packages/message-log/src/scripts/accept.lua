#!lua
-- Accepts one message: gives it its place in the conversation and puts it into the log, or says why not.
--
-- The message stays the text that the caller made of it: nothing here reads JSON, so a script costs ~20 µs.
-- Scripts are not rolled back. With the first line Redis refuses the whole script when it may not write (memory is full, too
-- few replicas), and nothing below can fail between the writes.
--
-- KEYS  1 log  2 conversation  3 recent window  4 the sender's earlier use of this clientMessageId  5 epoch
-- ARGV  1 conversation id  2 message id  3 message as JSON, without what is decided here  4 node  5 members version
--       6 most messages in process  7 how long (ms) a repeated clientMessageId is recognised
-- Reply {'sent', 'conversationId id seq createdAtMs'} it was accepted before, perhaps in another conversation
--       {'unseeded'}
--       {'stale-members', members version}
--       {'busy'}
--       {'accepted', seq, createdAtMs}
local sent = redis.call('GET', KEYS[4])
if sent then return { 'sent', sent } end

local state = redis.call('HMGET', KEYS[2], 'head', 'membersVersion', 'lastMs', 'epoch')
if not state[1] or state[4] ~= redis.call('GET', KEYS[5]) then return { 'unseeded' } end
local membersVersion = state[2] or ''
if membersVersion ~= ARGV[5] then return { 'stale-members', membersVersion } end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[6]) then return { 'busy' } end

local seq = tonumber(state[1]) + 1
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
-- A clock that was set back must not put an answer before its question.
local createdAtMs = math.max(nowMs, tonumber(state[3] or 0))

redis.call('HSET', KEYS[2], 'head', seq, 'lastMs', createdAtMs)
redis.call('XADD', KEYS[1], '*', 'conversation', ARGV[1], 'seq', seq, 'time', createdAtMs, 'node', ARGV[4],
  'message', ARGV[3])
redis.call('XADD', KEYS[3], seq .. '-0', 'time', createdAtMs, 'message', ARGV[3])
redis.call('SET', KEYS[4], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. seq .. ' ' .. createdAtMs, 'PX', ARGV[7])
return { 'accepted', seq, createdAtMs }
