-- Functions for the scripts that include this file (loadScript in service-kit/src/redis-script.ts).

-- Lets the keys of a conversation expire together. Only for a conversation whose messages are all stored. append.lua sees the field
-- `expires` and keeps the keys before it appends, so an unstored message never expires.
local function expireWhenIdle(idleMs, conversation, ...)
  redis.call('HSET', conversation, 'expires', 1)
  for _, key in ipairs({ conversation, ... }) do redis.call('PEXPIRE', key, idleMs) end
end

local function keepForever(conversation, ...)
  redis.call('HDEL', conversation, 'expires')
  for _, key in ipairs({ conversation, ... }) do redis.call('PERSIST', key) end
end
