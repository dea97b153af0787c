-- A function for the scripts that include this file.
--
-- An entry of the log is identified by its id and its epoch. The id alone is not enough: Redis makes ids from its clock, and if that
-- was set back, the first entries after a loss get the ids of the last ones before it.

-- Returns the fields of the entry, or nil if it is not in the log.
local function findEntry(log, id, epoch)
  local entry = redis.call('XRANGE', log, id, id)[1]
  if not entry then return nil end
  local fields = entry[2]
  for i = 1, #fields - 1, 2 do
    if fields[i] == 'epoch' then return fields[i + 1] == epoch and fields or nil end
  end
  return epoch == '' and fields or nil -- an entry of an earlier release has no epoch
end
