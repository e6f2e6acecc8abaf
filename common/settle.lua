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
local MARK = 30 -- The first byte of an envelope.
local MESSAGE, KICK = {content = true, channels = true}, {kick = true} -- The fields of an envelope.
local MOST_CHANNELS = 1000 -- As MAX_CHANNELS, at the most.
local room, bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local known_epoch, known_id = ARGV[5], ARGV[6]
local looking = room == 0
local settled, rejected = 0, 0

-- Whether it can be the name of a channel: NAME of common/channels.py.
local function is_name(text)
  return type(text) == 'string' and #text >= 1 and #text <= 100 and not string.find(text, '[^A-Za-z0-9_.:@-]')
end

-- The names of a list, each once, joined by a space; nil if it is no list of names. To cjson an object is a table,
-- too: one without a length.
local function addresses(names)
  if type(names) ~= 'table' or #names == 0 or #names > MOST_CHANNELS then return nil end
  local found, seen = {}, {}
  for _, name in ipairs(names) do
    if not is_name(name) then return nil end
    if not seen[name] then found[#found + 1] = name end
    seen[name] = true
  end
  return table.concat(found, ' ')
end

local function address_of_kick(user)
  if type(user) ~= 'string' or user == '' or not is_name('user:' .. user) then return nil end
  return '!' .. user
end

-- Content and addresses of an envelope; no addresses: for everybody; no content: it cannot be read. A field that
-- this version does not know makes it unreadable: what was meant for some must not go to all.
local function read(envelope)
  local ok, fields = pcall(cjson.decode, envelope)
  if not ok or type(fields) ~= 'table' then return nil end
  local known = fields.kick and KICK or MESSAGE
  for name in pairs(fields) do
    if not known[name] then return nil end
  end
  if known == KICK then
    local address = address_of_kick(fields.kick)
    return address and '', address
  end
  if type(fields.content) ~= 'string' then return nil end
  if fields.channels == nil then return fields.content end
  local names = addresses(fields.channels)
  return names and fields.content, names
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
  if string.byte(item) ~= MARK then
    redis.call('XADD', LOG, '*', 'c', item)
    settled = settled + 1
    return
  end
  local content, address = read(string.sub(item, 2))
  if not content then
    redis.call('LPUSH', REJECTED, item)
    rejected = rejected + 1
    return
  end
  if address then
    redis.call('XADD', LOG, '*', 'c', content, 'a', address)
  else
    redis.call('XADD', LOG, '*', 'c', content)
  end
  settled = settled + 1
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
