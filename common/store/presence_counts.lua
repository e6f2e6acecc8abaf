-- Count the connections of some channels in all processes that have a lease, and the members of those that have any.
--
-- KEYS  processes
-- ARGV  what all keys begin with, the channels
-- Answer: {connections, members, connections, members, ...} in the order of the channels
--
-- What nobody listens to has no members, whatever a process without a lease has left. The other keys are made up here;
-- all lie in the slot of the first.

local PROCESSES = KEYS[1]
local prefix = ARGV[1]
local channels = {unpack(ARGV, 2)}
local totals, answer = {}, {}

for _, process in ipairs(redis.call('SMEMBERS', PROCESSES)) do
  if redis.call('EXISTS', prefix .. 'alive:' .. process) == 1 then
    local counts = redis.call('HMGET', prefix .. 'channels:' .. process, unpack(channels))
    for at = 1, #channels do totals[at] = (totals[at] or 0) + (tonumber(counts[at] or 0) or 0) end
  end
end
for at = 1, #channels do
  local total = totals[at] or 0
  answer[#answer + 1] = total
  answer[#answer + 1] = total > 0 and redis.call('HLEN', prefix .. 'roster:' .. channels[at]) or 0
end
return answer
