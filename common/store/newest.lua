-- The newest messages up to an id, without their content: for whom each is. One look is bounded in number and bytes,
-- so that it takes Redis a millisecond or two; to see more, look again.
--
-- KEYS  log
-- ARGV  the id; most messages and about the most bytes to look at (Redis reads the content, too)
-- Answer: {1 if there are none before, the entries with an empty content, the newest first}

local HANDFUL = 16 -- Entries at once, at the most: nobody knows how large the next ones are.
local LOG, start = KEYS[1], ARGV[1]
local room, bytes_left = tonumber(ARGV[2]), tonumber(ARGV[3])
local found, bytes, size = {}, 0, 1

while true do
  local entries = redis.call('XREVRANGE', LOG, start, '-', 'COUNT', size)
  for _, entry in ipairs(entries) do
    for at = 1, #entry[2] do bytes = bytes + #entry[2][at] end
    entry[2][2] = ''
    found[#found + 1] = entry
    start = '(' .. entry[1]
  end
  if #entries < size then return {1, found} end
  if #found >= room or bytes >= bytes_left then return {0, found} end
  local fitting = math.ceil((bytes_left - bytes) * #found / math.max(1, bytes))
  size = math.max(1, math.min(size * 2, HANDFUL, room - #found, fitting))
end
