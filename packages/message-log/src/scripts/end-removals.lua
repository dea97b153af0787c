#!lua flags=allow-oom
-- Gives the member list of a conversation a new version, and deletes the records of removals that have ended or were abandoned.
-- The version begins with '~' while another removal is in progress. Where Redis does not know the conversation, its initialisation
-- sets a new version in any case.
--
-- A record is abandoned when its server has not ended it in time, or when the clock was set back below its time.
--
-- KEYS  1 conversation  2 removals in progress
-- ARGV  1 name for the new version  2 age of an abandoned record (ms), then the ids of the removals that have ended
-- Reply number of removals in progress
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 3, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i]) end

local inProgress = 0
local records = redis.call('HGETALL', KEYS[2])
for i = 1, #records, 2 do
  local ageMs = nowMs - tonumber(string.match(records[i + 1], '^%d+'))
  if ageMs < 0 or ageMs > tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[2], records[i])
  else
    inProgress = inProgress + 1
  end
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'membersVersion', (inProgress > 0 and '~' or '') .. ARGV[1])
end
return inProgress
