-- Functions for the scripts that include this file, after lease-index.lua: the queue of users that wait for a slot.
--
-- A table `queue` has the names of these keys:
--   waiting         ZSET userId -> arrival number
--   waitingGuests   ZSET userId -> arrival number, only guests
--   lapse           ZSET userId -> time when the queue position lapses, ms of the session clock
--   tickets         HASH userId -> arrival number:ticket
--   kept            ZSET userId -> time when the arrival number is deleted, ms of the session clock

-- Returns the keys as such a table.
local function waitingRoom(waiting, waitingGuests, lapse, tickets, kept)
  return { waiting = waiting, waitingGuests = waitingGuests, lapse = lapse, tickets = tickets, kept = kept }
end

-- Deletes the queue positions that have lapsed. Their arrival numbers are kept for longer.
local function deleteLapsed(queue, now)
  local lapsed = redis.call('ZRANGE', queue.lapse, '-inf', now, 'BYSCORE')
  inChunks(lapsed, function(...)
    redis.call('ZREM', queue.waiting, ...)
    redis.call('ZREM', queue.waitingGuests, ...)
    redis.call('ZREM', queue.lapse, ...)
  end)
  local forgotten = redis.call('ZRANGE', queue.kept, '-inf', now, 'BYSCORE')
  inChunks(forgotten, function(...)
    redis.call('HDEL', queue.tickets, ...)
    redis.call('ZREM', queue.kept, ...)
  end)
end

-- Deletes a user's position and arrival number.
local function leaveQueue(queue, user)
  redis.call('ZREM', queue.waiting, user)
  redis.call('ZREM', queue.waitingGuests, user)
  redis.call('ZREM', queue.lapse, user)
  redis.call('ZREM', queue.kept, user)
  redis.call('HDEL', queue.tickets, user)
end

-- Returns the number of free slots, and of those how many guests may take. The second can be negative.
local function freeSlots(index, maxClients, reserved)
  local free = maxClients - redis.call('ZCARD', index.live)
  return free, math.min(free, maxClients - reserved - redis.call('ZCARD', index.activeGuests))
end
