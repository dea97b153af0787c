#!lua flags=allow-oom
-- Moves a user's receipt of a conversation forward, never back. It may run when memory is full: the receipts of an idle
-- conversation leave Redis.
--
-- KEYS  1 HASH user id -> `readSeq deliveredSeq`, of one conversation
-- ARGV  1 user id  2 read seq  3 delivered seq, each 0 = unchanged  4 lifetime of the hash after its last move, ms
--       5 1 = the caller has just merged the stored receipts into the hash, otherwise 0
-- Reply {readSeq, deliveredSeq, 1 = changed, or a repeat of the last request: notify the members}. The reply to an earlier attempt
--        may have been lost before the members were notified.
--       nil when stored receipts may be missing in the hash (merge-markers.lua)
if ARGV[5] == '0' and redis.call('PTTL', KEYS[1]) < 0 then return false end
local record = redis.call('HGET', KEYS[1], ARGV[1]) or '0 0'
local read, delivered = string.match(record, '^(%d+) (%d+)$')
local newRead = math.max(tonumber(read), tonumber(ARGV[2]))
-- A message that was read was delivered.
local newDelivered = math.max(tonumber(delivered), tonumber(ARGV[3]), newRead)
local moved = string.format('%.0f %.0f', newRead, newDelivered)
if moved == record then
  local requestedRead, requestedDelivered = tonumber(ARGV[2]), tonumber(ARGV[3])
  local isRepeat = requestedRead == newRead or (newDelivered > newRead and requestedDelivered == newDelivered)
  return { newRead, newDelivered, isRepeat and 1 or 0 }
end
redis.call('HSET', KEYS[1], ARGV[1], moved)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return { newRead, newDelivered, 1 }
