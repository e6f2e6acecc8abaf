-- A page of all users, or of all channels, with their connections in all processes that have a lease.
--
-- KEYS  processes
-- ARGV  what all keys begin with, 'users' or 'channels', the least and the largest name as ZRANGEBYLEX has it, most
--       names
-- Answer: {1 if there are more, name, connections, name, ...}, sorted by the bytes of the names
--
-- Of each process no more names are read than a page has. The other keys are made up here; all lie in the slot of the
-- first.

local PROCESSES = KEYS[1]
local prefix, kind, first, last, room = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

-- Lua compares as the language of the server does, which may not be by bytes.
local function by_bytes(one, other)
  for at = 1, math.min(#one, #other) do
    local left, right = string.byte(one, at), string.byte(other, at)
    if left ~= right then return left < right end
  end
  return #one < #other
end

local alive, seen, names = {}, {}, {}
for _, process in ipairs(redis.call('SMEMBERS', PROCESSES)) do
  if redis.call('EXISTS', prefix .. 'alive:' .. process) == 1 then
    alive[#alive + 1] = process
    local sorted = prefix .. 'sorted-' .. kind .. ':' .. process
    for _, name in ipairs(redis.call('ZRANGEBYLEX', sorted, first, last, 'LIMIT', 0, room + 1)) do
      if not seen[name] then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
end
if 'Z' < 'a' then table.sort(names) else table.sort(names, by_bytes) end

local more = #names > room and 1 or 0
while #names > room do table.remove(names) end
if #names == 0 then return {0} end
local totals = {}
for _, process in ipairs(alive) do
  local counts = redis.call('HMGET', prefix .. kind .. ':' .. process, unpack(names))
  for at = 1, #names do totals[at] = (totals[at] or 0) + (tonumber(counts[at] or 0) or 0) end
end
local answer = {more}
for at = 1, #names do
  answer[#answer + 1] = names[at]
  answer[#answer + 1] = totals[at]
end
return answer
