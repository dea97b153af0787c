-- Functions for the scripts that include this file. session-leases-redis.ts describes the session clock.

-- Returns the session clock and the clock of Redis, in ms.
local function readClock(touchedKey, skewKey, ttlMs)
  local time = redis.call('TIME')
  local redisMs = time[1] * 1000 + math.floor(time[2] / 1000)
  local touchedMs = tonumber(redis.call('GET', touchedKey) or redisMs)
  local advancedMs = math.min(math.max(0, redisMs - touchedMs), math.floor(ttlMs / 3))
  return touchedMs + advancedMs + tonumber(redis.call('GET', skewKey) or 0), redisMs
end

-- Sets the clock to what `readClock` returned: it advances from there.
local function touchClock(touchedKey, skewKey, nowMs, redisMs)
  redis.call('SET', touchedKey, redisMs)
  if nowMs ~= redisMs then
    redis.call('SET', skewKey, nowMs - redisMs)
  else
    redis.call('DEL', skewKey)
  end
end
