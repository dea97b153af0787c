-- Functions for the scripts that include this file. They count the places in process that each sender and each conversation of a
-- partition holds, and decide whether one more is fair (docs/decisions/0025-fair-shares.md).
--
-- places  HASH total (entries counted), senders and conversations (that hold a place), countedAt (ms), and for each of them the places
--         that it holds: `s:<user id>`, `c:<conversation id>`. A field leaves at 0, and the key with the last entry.
--
-- An entry of the log without the field `sender` counts in `total` only: a system message, or one of an earlier release.
--
-- `total` is the length of the log. Where it is not, some process added or removed entries without counting (an earlier release, a
-- command by hand), and everything is counted again.
local RECOUNT_INTERVAL_MS = 1000 -- processes of an earlier release change the log all the time
local SHORT_LOG = 100 -- costs little to count
local ENTRIES_AT_ONCE = 500
local LENT_WHILE_FREE, RESERVED_FREE = 0.1, 0.05

local function addTo(places, prefix, kind, id, change)
  local field = prefix .. id
  local before = places.counts[field] or 0
  local after = math.max(0, before + change)
  places.counts[field] = after
  places.changed[field] = true
  if before == 0 and after > 0 then places[kind] = places[kind] + 1 end
  if before > 0 and after == 0 then places[kind] = math.max(0, places[kind] - 1) end
end

-- Counts an entry that was added to the log (1) or removed from it (-1). sender: '' or false = it counts for nobody.
local function countEntry(places, sender, conversation, change)
  places.isChanged = true
  places.total = places.total + change
  if sender == '' then return end
  addTo(places, 's:', 'senders', sender, change)
  addTo(places, 'c:', 'conversations', conversation, change)
end

-- Returns the sender and the conversation of an entry's fields, '' = it has none.
local function holderOf(flat)
  local fields = {}
  for i = 1, #flat - 1, 2 do fields[flat[i]] = flat[i + 1] end
  return fields.sender or '', fields.conversation or ''
end

local function countAgain(places, log, nowMs)
  places.counts, places.changed = {}, {}
  places.total, places.senders, places.conversations = 0, 0, 0
  places.isChanged, places.isRecounted, places.hasAll, places.countedAt = true, true, true, nowMs
  local start = '-'
  repeat
    local entries = redis.call('XRANGE', log, start, '+', 'COUNT', ENTRIES_AT_ONCE)
    for _, entry in ipairs(entries) do
      local sender, conversation = holderOf(entry[2])
      countEntry(places, sender, conversation, 1)
      start = '(' .. entry[1]
    end
  until #entries < ENTRIES_AT_ONCE
end

-- Reads the counts of some senders and conversations.
--
-- wanted  table with their fields as keys; at most a few thousand, because Lua cannot unpack more
local function openPlaces(key, wanted)
  local fields, counts = {}, {}
  for field in pairs(wanted) do fields[#fields + 1] = field end
  local read = redis.call('HMGET', key, 'total', 'senders', 'conversations', 'countedAt', unpack(fields))
  for i, field in ipairs(fields) do counts[field] = tonumber(read[i + 4] or 0) end
  return {
    key = key,
    total = tonumber(read[1] or 0),
    senders = tonumber(read[2] or 0),
    conversations = tonumber(read[3] or 0),
    countedAt = tonumber(read[4] or 0),
    counts = counts,
    changed = {},
  }
end

-- Counts the log again if the counts cannot be those of its entries.
local function verifyPlaces(places, log, length, nowMs)
  if places.total == length then return end
  if length <= SHORT_LOG or math.abs(nowMs - places.countedAt) >= RECOUNT_INTERVAL_MS then countAgain(places, log, nowMs) end
end

local function savePlaces(places)
  if not places.isChanged then return end
  if places.total <= 0 then
    redis.call('UNLINK', places.key)
    return
  end
  local kept = { 'total', places.total, 'senders', places.senders, 'conversations', places.conversations }
  local gone = {}
  for field in pairs(places.changed) do
    if places.counts[field] > 0 then
      kept[#kept + 1] = field
      kept[#kept + 1] = places.counts[field]
    else
      gone[#gone + 1] = field
    end
  end
  if places.isRecounted then
    redis.call('UNLINK', places.key)
    kept[#kept + 1], kept[#kept + 2] = 'countedAt', places.countedAt
  end
  -- Lua can unpack a few thousand values at once.
  for first = 1, #kept, 1000 do redis.call('HSET', places.key, unpack(kept, first, math.min(first + 999, #kept))) end
  for first = 1, #gone, 1000 do redis.call('HDEL', places.key, unpack(gone, first, math.min(first + 999, #gone))) end
end

-- Returns the number of places that each of `active` ones may use whatever others hold. One that holds nothing yet is active, too.
local function shareOf(limit, active, held)
  return math.ceil(limit / math.max(2, active + (held == 0 and 1 or 0)))
end

-- Returns the places of all senders that hold more than a share.
local function heldAboveShare(places, share)
  if not places.hasAll then
    local all = redis.call('HGETALL', places.key)
    for i = 1, #all, 2 do
      if not places.changed[all[i]] then places.counts[all[i]] = tonumber(all[i + 1]) end
    end
    places.hasAll = true
  end
  local sum = 0
  for field, held in pairs(places.counts) do
    if string.sub(field, 1, 2) == 's:' and held > share then sum = sum + held end
  end
  return sum
end

-- Returns whether a sender may take one more place for a conversation.
--
-- Below its share, a sender or conversation may use any free place, above it only while more than 10 % are free. A sender that floods
-- its conversation must not lock out the others there: what senders above their shares hold is not the conversation's fault, and
-- without it the conversation may use half of the reserve.
local function isFair(places, limit, free, sender, conversation)
  if free > limit * LENT_WHILE_FREE then return true end
  local bySender, byConversation = places.counts['s:' .. sender] or 0, places.counts['c:' .. conversation] or 0
  local share = shareOf(limit, places.senders, bySender)
  if bySender >= share then return false end
  local conversationShare = shareOf(limit, places.conversations, byConversation)
  if byConversation < conversationShare then return true end
  if free <= limit * RESERVED_FREE then return false end
  return byConversation - heldAboveShare(places, share) < conversationShare
end
