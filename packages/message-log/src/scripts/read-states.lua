#!lua flags=no-writes
-- Reads the states of conversations at one instant. It changes nothing, so it also works while Redis refuses writes.
--
-- KEYS  1 epoch  2 run id, then the conversations
-- Reply {epoch, {head, committed offset, members version, epoch of the head}, ... for each conversation}
--       The epoch is '' if it ended and no script that writes has begun the next one.
local reply = { knownEpoch(KEYS[1], KEYS[2]) or '' }
for i = 3, #KEYS do
  reply[i - 1] = redis.call('HMGET', KEYS[i], 'head', 'stored', 'membersVersion', 'epoch')
end
return reply
