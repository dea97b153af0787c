-- Functions for the scripts that include this file. They recognise a clientMessageId that a sender used in the last 24 hours,
-- although the exact use is kept for less time, and Redis may have lost it (docs/decisions/0020-dedupe-asks-the-store.md).
--
-- **Filters.** A partition has three Bloom filters of what was appended. One is written for 12 hours. Then the oldest is emptied
-- and written next, so together they cover at least 24 hours. A use that no filter contains is new; otherwise the store decides.
--
-- **Young epoch.** For 24 hours after its beginning the filters may lack messages of the epochs before. A sender is unknown until
-- its messages of the last 24 hours were loaded from the store into the filters. A worker may save a message of an ended epoch
-- after that, but only until the conversation is initialised does it count. So a sender is unknown again in a conversation that
-- was initialised with stored messages later than the sender was loaded.
--
-- **Moments.** The initialisations are counted; a count orders an initialisation and a reading of the store, whatever the
-- clock does. A moment is the epoch and a count.
local FILTER_PERIOD_MS = 12 * 3600 * 1000
local DEDUPE_WINDOW_MS = 24 * 3600 * 1000
local FILTERS = 3

-- Begins the next period when it is time. The clock may be set back: no period ends twice. Returns the current period.
local function rotateFilters(stateKey, filterKeys, newBits, bits, last, nowMs)
  local current = math.max(math.floor(nowMs / FILTER_PERIOD_MS), last or 0)
  if current == last then return current end
  for period = math.max(current - FILTERS + 1, (last or 0) + 1), current do
    local slot = period % FILTERS
    -- Without a last period the state is new, or it alone was lost: then the filters that exist are kept.
    local isKept = not last and redis.call('EXISTS', filterKeys[slot + 1]) == 1
    if last then redis.call('UNLINK', filterKeys[slot + 1]) end
    if isKept or period == current then
      bits[slot] = newBits
      redis.call('HSET', stateKey, 'bits' .. slot, newBits)
    else
      bits[slot] = nil
      redis.call('HDEL', stateKey, 'bits' .. slot)
    end
  end
  redis.call('HSET', stateKey, 'period', current)
  return current
end

-- stateKey    HASH epoch, sinceMs, period, bits0 to bits2 (of the filters that exist), initialisations, complete (the store was empty
--             in this epoch)
-- filterKeys  the filters; the bits of a filter stay as they were when it was emptied, whatever the callers' setting
local function openDedupe(stateKey, filterKeys, newBits, epoch, nowMs)
  local state = redis.call('HMGET', stateKey, 'epoch', 'sinceMs', 'period', 'initialisations', 'complete', 'bits0', 'bits1', 'bits2')
  local bits = { [0] = tonumber(state[6]), tonumber(state[7]), tonumber(state[8]) }
  local period = rotateFilters(stateKey, filterKeys, tonumber(newBits), bits, tonumber(state[3]), nowMs)
  local sinceMs, isComplete = tonumber(state[2]), state[5]
  if state[1] ~= epoch then
    sinceMs, isComplete = nowMs, false
    redis.call('HSET', stateKey, 'epoch', epoch, 'sinceMs', nowMs)
    redis.call('HDEL', stateKey, 'complete')
  end
  local filters = {}
  for age = 0, FILTERS - 1 do
    local slot = (period - age) % FILTERS
    if bits[slot] then filters[#filters + 1] = { key = filterKeys[slot + 1], bits = bits[slot] } end
  end
  return {
    stateKey = stateKey,
    epoch = epoch,
    filters = filters,
    isYoung = nowMs - sinceMs < DEDUPE_WINDOW_MS,
    initialisations = tonumber(state[4] or 0),
    -- Without a load a sender counts as loaded at this number of initialisations.
    loadedAtFirst = isComplete and 0 or -1,
  }
end

local function momentOf(dedupe)
  return dedupe.epoch .. ' ' .. dedupe.initialisations
end

-- Returns whether a moment is in this epoch, and not before an initialisation.
local function isSince(moment, dedupe, initialised)
  local epoch, count = string.match(moment, '^(%S+) (%d+)$')
  return epoch == dedupe.epoch and tonumber(count) >= initialised
end

local function contains(filter, first, second)
  return redis.call('GETBIT', filter.key, first % filter.bits) == 1
    and redis.call('GETBIT', filter.key, second % filter.bits) == 1
end

-- Two bits only: a write of a bit costs as much as a small command. With twice as many the filter would be better only while it is
-- nearly empty.
local function addToFilter(dedupe, first, second)
  local key, bits = dedupe.filters[1].key, dedupe.filters[1].bits
  redis.call('SETBIT', key, first % bits, 1)
  redis.call('SETBIT', key, second % bits, 1)
end

-- Returns 'sender-unknown', 'maybe-sent', or nil when the sender certainly did not use the clientMessageId before.
--
-- sender       HASH epoch, loaded (number of initialisations before its messages were loaded), tooMany (they were not loaded)
-- initialised  number of the conversation's initialisation, 0 = the store had no message of it
local function doubtOf(dedupe, sender, firstHash, secondHash, initialised, askedAt)
  -- The count continues above all conversations when the dedupe state alone was lost.
  if initialised > dedupe.initialisations then
    dedupe.initialisations = initialised
    redis.call('HSET', dedupe.stateKey, 'initialisations', initialised)
  end
  if askedAt ~= '' and isSince(askedAt, dedupe, initialised) then return nil end
  if dedupe.isYoung and dedupe.loadedAtFirst < initialised then
    local known = redis.call('HMGET', sender, 'epoch', 'loaded', 'tooMany')
    if known[1] ~= dedupe.epoch then return 'sender-unknown' end
    if known[3] then return 'maybe-sent' end
    if tonumber(known[2]) < initialised then return 'sender-unknown' end
  end
  for _, filter in ipairs(dedupe.filters) do
    if contains(filter, firstHash, secondHash) then return 'maybe-sent' end
  end
  return nil
end
