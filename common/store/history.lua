-- Some of the log from an id on, forwards or backwards, and where the log stands. One look is bounded in number and
-- bytes, so that it takes Redis a millisecond or two; to see more, look again.
--
-- KEYS  log, floor, epoch
-- ARGV  'after' or 'before', the id ('' with 'before': the end); most messages and about the most bytes to look at
-- Answer: {epoch and the newest id when it began, floor, the newest id, 1 if there are no more, the entries}

local HANDFUL = 16 -- Entries at once, at the most: nobody knows how large the next ones are.
local LOG, FLOOR, EPOCH = unpack(KEYS)
local direction, start = ARGV[1], ARGV[2]
local room, bytes_left = tonumber(ARGV[3]), tonumber(ARGV[4])
local from = start ~= '' and '(' .. start or '+'

local newest = '0-0'
if redis.call('EXISTS', LOG) == 1 then
  local info = redis.call('XINFO', 'STREAM', LOG)
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then newest = info[at + 1] end
  end
end

local function read(count)
  if direction == 'after' then return redis.call('XRANGE', LOG, from, '+', 'COUNT', count) end
  return redis.call('XREVRANGE', LOG, from, '-', 'COUNT', count)
end

local epoch, floor = redis.call('GET', EPOCH) or '', redis.call('GET', FLOOR) or ''
local found, bytes, size = {}, 0, 1
while true do
  local entries = read(size)
  for _, entry in ipairs(entries) do
    for at = 1, #entry[2] do bytes = bytes + #entry[2][at] end
    found[#found + 1] = entry
    from = '(' .. entry[1]
  end
  if #entries < size then return {epoch, floor, newest, 1, found} end
  if #found >= room or bytes >= bytes_left then return {epoch, floor, newest, 0, found} end
  local fitting = math.ceil((bytes_left - bytes) * #found / math.max(1, bytes))
  size = math.max(1, math.min(size * 2, HANDFUL, room - #found, fitting))
end
