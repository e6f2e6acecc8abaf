-- Count the connections of some channels, and their users, each once, in all processes that have a lease.
--
-- KEYS  processes
-- ARGV  what all keys begin with, 1 to count users, the channels
-- Answer: {connections, users, connections, users, ...} in the order of the channels
--
-- Users of a channel that only one process has are counted without reading them. The other keys are made up here; all
-- lie in the slot of the first.

local PROCESSES = KEYS[1]
local prefix, with_users = ARGV[1], ARGV[2] == '1'
local channels = {unpack(ARGV, 3)}
local totals, holders = {}, {}
for at = 1, #channels do totals[at], holders[at] = 0, {} end

for _, process in ipairs(redis.call('SMEMBERS', PROCESSES)) do
  if redis.call('EXISTS', prefix .. 'alive:' .. process) == 1 then
    local counts = redis.call('HMGET', prefix .. 'channels:' .. process, unpack(channels))
    for at = 1, #channels do
      local count = tonumber(counts[at] or 0) or 0
      totals[at] = totals[at] + count
      if count > 0 then table.insert(holders[at], prefix .. 'in:' .. process .. ':' .. channels[at]) end
    end
  end
end

local function users_of(hashes)
  if #hashes == 1 then return redis.call('HLEN', hashes[1]) - redis.call('HEXISTS', hashes[1], '') end
  local seen, count = {[''] = true}, 0
  for _, hash in ipairs(hashes) do
    for _, user in ipairs(redis.call('HKEYS', hash)) do
      if not seen[user] then seen[user], count = true, count + 1 end
    end
  end
  return count
end

local answer = {}
for at = 1, #channels do
  answer[#answer + 1] = totals[at]
  answer[#answer + 1] = with_users and users_of(holders[at]) or 0
end
return answer
