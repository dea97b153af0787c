#!lua flags=allow-oom
-- Creates the consumer group at the start of the stream, and the stream, where they are missing. It may run when memory is full:
-- a worker that was killed must start again and free memory.
--
-- KEYS  1 log
-- ARGV  1 consumer group
-- Reply 1 = created, 0 = the group existed
local reply = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0-0', 'MKSTREAM')
if not reply.err then return 1 end
if string.find(reply.err, 'BUSYGROUP', 1, true) then return 0 end
return reply
