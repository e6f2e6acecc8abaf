-- Move messages from the queue to the log: one atomic step, so that each is always in one of the two.
--
-- KEYS  queue, waiting-in-progress (BLMOVE's target, older than the queue), log, rejected, floor
-- ARGV  most messages, about the most bytes, messages that the log keeps, seconds that it keeps them
-- Answer: {messages moved to the log, items set aside, items that still wait, the first id given}
--
-- Items are popped a few at a time, so that the bound on bytes is kept within a handful of items.

local POP = 32
local room, bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local settled, rejected, first_id = 0, 0, '0-0'

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

-- The first id that an emptied log could give next.
local function after_last()
  local info = redis.call('XINFO', 'STREAM', KEYS[3])
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then
      local time, sequence = string.match(info[at + 1], '(%d+)-(%d+)')
      return string.format('%s-%d', time, sequence + 1)
    end
  end
end

local function settle(item)
  local content = content_of(item)
  if content then
    local id = redis.call('XADD', KEYS[3], '*', 'c', content)
    if settled == 0 then first_id = id end
    settled = settled + 1
  else
    redis.call('LPUSH', KEYS[4], item)
    rejected = rejected + 1
  end
end

-- A script that fails halfway is not undone: fail before anything is popped, if a key is not what it should be.
redis.call('XLEN', KEYS[3])
redis.call('LLEN', KEYS[4])

for source = 2, 1, -1 do
  while room > 0 and bytes > 0 do
    local items = redis.call('RPOP', KEYS[source], math.min(room, POP))
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
local gone = redis.call('XTRIM', KEYS[3], 'MAXLEN', '~', ARGV[3])
  + redis.call('XTRIM', KEYS[3], 'MINID', '~', oldest)
if gone > 0 then
  local first = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
  redis.call('SET', KEYS[5], first and first[1] or after_last())
end

return {settled, rejected, redis.call('LLEN', KEYS[2]) + redis.call('LLEN', KEYS[1]), first_id}
