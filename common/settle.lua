-- Move messages from the queue to the log: one atomic step, so that each is always in one of the two.
--
-- KEYS  queue, waiting-in-progress (BLMOVE's target, older than the queue), log, rejected, floor, epoch
-- ARGV  most messages (0: only look), about the most bytes, messages that the log keeps, seconds that it
--       keeps them; the epoch and the newest id that the caller knows ('' and '0-0': none)
-- Answer: {messages moved to the log, items set aside, items that still wait, epoch, the newest id when the
--          epoch began, floor, the newest id (only if looking)}
--
-- Items are popped a few at a time, so that the bound on bytes is kept within a handful of items.

local QUEUE, WIP, LOG, REJECTED, FLOOR, EPOCH = unpack(KEYS)
local POP = 32
local NONE = '0-0'
local room, bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local known_epoch, known_id = ARGV[5], ARGV[6]
local looking = room == 0
local settled, rejected = 0, 0

-- The content of an item, or nil for an envelope that cannot be read. A field that this version does not
-- know (an address, say) makes it unreadable: what was meant for some must not go to all.
local function content_of(item)
  if string.byte(item) ~= 30 then return item end
  local ok, envelope = pcall(cjson.decode, string.sub(item, 2))
  if not ok or type(envelope) ~= 'table' or type(envelope.content) ~= 'string' then return nil end
  for name in pairs(envelope) do
    if name ~= 'content' then return nil end
  end
  return envelope.content
end

-- The newest id that the log has ever given.
local function last_id()
  if redis.call('EXISTS', LOG) == 0 then return NONE end
  local info = redis.call('XINFO', 'STREAM', LOG)
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then return info[at + 1] end
  end
end

local function parts(id)
  local time, sequence = string.match(id, '(%d+)-(%d+)')
  return tonumber(time), tonumber(sequence)
end

local function next_id(id)
  local time, sequence = string.match(id, '(%d+)-(%d+)')
  return string.format('%s-%d', time, sequence + 1)
end

local function is_before(id, other)
  local time, sequence = parts(id)
  local other_time, other_sequence = parts(other)
  return time < other_time or time == other_time and sequence < other_sequence
end

-- Whether a message that was in the log is neither there nor forgotten as it should be.
local function is_lost(id)
  if id == NONE or #redis.call('XRANGE', LOG, id, id) > 0 then return false end
  local floor = redis.call('GET', FLOOR)
  return not (floor and is_before(id, floor))
end

-- The epoch names a stretch of time in which the log has lost nothing: emptied by a FLUSHALL, or gone back to
-- an older snapshot, it begins a new one.
local function current_epoch()
  local epoch = redis.call('GET', EPOCH)
  local name, start = string.match(epoch or '', '^(%w+) (%d+-%d+)$')
  if name and not (name == known_epoch and is_lost(known_id)) then return name, start end
  local now = redis.call('TIME')
  name, start = string.format('%x', now[1] * 1000 + math.floor(now[2] / 1000)), last_id()
  redis.call('SET', EPOCH, name .. ' ' .. start)
  return name, start
end

local function settle(item)
  local content = content_of(item)
  if content then
    redis.call('XADD', LOG, '*', 'c', content)
    settled = settled + 1
  else
    redis.call('LPUSH', REJECTED, item)
    rejected = rejected + 1
  end
end

-- A script that fails halfway is not undone: fail before anything is popped, if a key is not what it should be.
redis.call('XLEN', LOG)
redis.call('LLEN', REJECTED)

local epoch, start = current_epoch()

for _, source in ipairs({WIP, QUEUE}) do
  while room > 0 and bytes > 0 do
    local items = redis.call('RPOP', source, math.min(room, POP))
    if not items then break end
    for _, item in ipairs(items) do
      settle(item)
      bytes = bytes - #item
    end
    room = room - #items
  end
end

-- Forget what is beyond the history, and note from which id on the log is whole.
local oldest = string.format('%d000', redis.call('TIME')[1] - ARGV[4])
local gone = redis.call('XTRIM', LOG, 'MAXLEN', '~', ARGV[3]) + redis.call('XTRIM', LOG, 'MINID', '~', oldest)
if gone > 0 then
  local first = redis.call('XRANGE', LOG, '-', '+', 'COUNT', 1)[1]
  redis.call('SET', FLOOR, first and first[1] or next_id(last_id()))
end

local waiting = redis.call('LLEN', WIP) + redis.call('LLEN', QUEUE)
return {settled, rejected, waiting, epoch, start, redis.call('GET', FLOOR) or NONE, looking and last_id() or NONE}
