-- Whether the log has every message after an id. FLOOR alone does not tell: somebody else may have trimmed the log
-- (XTRIM) or deleted from it (XDEL), or Redis may have evicted FLOOR.
--
-- KEYS  log, floor, first (see settle.lua)
-- ARGV  the id, and the next one possible
-- Answer: {1 if it has all that came after the id, 0 if nobody knows; 1 if it has the message with this id}

local LOG, FLOOR, FIRST = unpack(KEYS)
local id, next_id = unpack(ARGV)

-- Ids have up to 20 digits in each half, more than a number of Lua holds.
local function is_before(one, other)
  local time, sequence = string.match(one, '^(%d+)-(%d+)$')
  local other_time, other_sequence = string.match(other, '^(%d+)-(%d+)$')
  if time ~= other_time then
    return #time < #other_time or #time == #other_time and time < other_time
  end
  return #sequence < #other_sequence or #sequence == #other_sequence and sequence < other_sequence
end

local function text_in(key)
  local text = redis.pcall('GET', key)
  return type(text) == 'string' and text or nil
end

if redis.call('EXISTS', LOG) == 0 then return {0, 0} end
local info, answer = {}, redis.call('XINFO', 'STREAM', LOG)
for at = 1, #answer, 2 do info[answer[at]] = answer[at + 1] end
local at = redis.call('XRANGE', LOG, id, '+', 'COUNT', 1)[1]
local has = at and at[1] == id

-- How many entries the log has lost, as settle.lua notes it in FIRST while the log is empty. Redis 6 does not count.
local added = info['entries-added']
local removed = added and 'removed ' .. added - info['length']

-- Whether everything after the id is there, as far as trimming goes.
local function is_followed()
  if has or at and at[1] == next_id or id == info['last-generated-id'] then return true end
  local first, floor, noted = info['first-entry'] and info['first-entry'][1], text_in(FLOOR), text_in(FIRST)
  if not first then return false end
  if removed == 'removed 0' then return true end
  if not floor or not string.find(floor, '^%d+-%d+$') then return false end
  local is_as_we_left_it = not is_before(floor, first) or noted == first or removed and noted == removed
  return is_as_we_left_it and not is_before(next_id, floor)
end

local deleted = info['max-deleted-entry-id'] -- By XDEL; Redis 6 does not say it.
local is_whole = not (deleted and is_before(id, deleted)) and is_followed()
return {is_whole and 1 or 0, has and 1 or 0}
