#!lua flags=allow-oom
-- Begins the initialisation of a conversation's head: replies what Redis knows of it, and a ticket. The caller then reads the
-- store, and finishes with initialise-head.lua.
--
-- The ticket proves that the caller read the store in the current epoch, and that no other process has initialised the head since. A
-- process that is frozen between the two scripts would otherwise set a head that is too low. Concurrent callers share a ticket.
--
-- KEYS  1 conversation  2 epoch  3 run id  4 partitions: the number to which this partition belongs
-- ARGV  1 random part of a new ticket  2 lifetime of a ticket where Redis does not know the conversation (ms)
--       3 age from which on an epoch is not young any more (ms)  4 number of partitions of the caller
-- Reply {ticket ('' = the head is known already), head (-1 = Redis does not know the conversation), 1 = the epoch is young}
--       {'', -1, 0} when the number of partitions is another one, or changes
local partitions = redis.call('GET', KEYS[4])
if not partitions then
  redis.call('SET', KEYS[4], ARGV[4])
elseif partitions ~= ARGV[4] then
  return { '', -1, 0 }
end
local epoch, begunAtMs = currentEpoch(KEYS[2], KEYS[3])
local state = redis.call('HMGET', KEYS[1], 'head', 'epoch', 'ticket')
if state[1] and state[2] == epoch then return { '', tonumber(state[1]), 0 } end

local ticket = state[3]
if not ticket or string.sub(ticket, 1, #epoch + 1) ~= epoch .. ' ' then
  ticket = epoch .. ' ' .. ARGV[1]
  redis.call('HSET', KEYS[1], 'ticket', ticket)
end
if not state[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
local ageMs = redis.call('TIME')[1] * 1000 - begunAtMs
return { ticket, tonumber(state[1] or -1), ageMs < tonumber(ARGV[3]) and 1 or 0 }
