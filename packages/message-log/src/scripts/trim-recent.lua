#!lua flags=allow-oom
-- Trims the recent window of a conversation to the messages that are not stored yet. It may run when memory is full: it frees
-- memory.
--
-- KEYS  1 conversation  2 recent window
-- Reply number of removed messages
local stored = redis.call('HGET', KEYS[1], 'stored')
if not stored then return 0 end -- the head is unknown, and the window may have messages that are nowhere else
local removed = redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f', tonumber(stored) + 1))
if removed > 0 and redis.call('XLEN', KEYS[2]) == 0 then redis.call('DEL', KEYS[2]) end
return removed
