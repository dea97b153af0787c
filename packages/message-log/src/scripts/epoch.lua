-- Functions for the scripts that include this file (loadScript in service-kit/src/redis-script.ts).
--
-- The epoch is checked inside each script that depends on it, so no write can pass between a loss of data and its detection: a
-- restarted Redis, a promoted replica and each shard of a Cluster has a run id of its own. INFO costs about 10 µs for each call.

-- Returns the epoch, its start in ms, and the run id of this process. The epoch is nil if another process, or a Redis with other
-- data, has begun it.
--
-- stored  the values of the two keys, if the caller has read them already
local function knownEpoch(epochKey, runIdKey, stored)
  local info = redis.call('INFO', 'server')
  local _, last = string.find(info, 'run_id:', 1, true)
  local runId = string.sub(info, last + 1, last + 40)
  stored = stored or redis.call('MGET', epochKey, runIdKey)
  local begunBy, begunAtMs = string.match(stored[2] or '', '^(%x+) (%d+)$')
  if begunBy ~= runId then return nil, nil, runId end
  return stored[1] or nil, tonumber(begunAtMs), runId
end

-- Returns the epoch and its start in ms. Begins a new epoch if there is none that this process knows.
local function currentEpoch(epochKey, runIdKey, stored)
  local epoch, begunAtMs, runId = knownEpoch(epochKey, runIdKey, stored)
  if epoch then return epoch, begunAtMs end
  local time = redis.call('TIME')
  -- No two epochs have the same name: a process has one run id, and begins at most one epoch in a microsecond.
  epoch = string.sub(redis.sha1hex(runId .. ' ' .. time[1] .. '.' .. time[2]), 1, 12)
  begunAtMs = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('MSET', epochKey, epoch, runIdKey, runId .. ' ' .. begunAtMs)
  return epoch, begunAtMs
end
