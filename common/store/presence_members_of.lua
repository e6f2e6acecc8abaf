-- Some members of a channel, if somebody listens to it in a process that has a lease.
--
-- KEYS  processes
-- ARGV  what all keys begin with, the channel, about the most members
-- Answer: the members
--
-- The other keys are made up here; all lie in the slot of the first.

local PROCESSES = KEYS[1]
local prefix, channel, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local is_heard, found, cursor = false, {}, '0'

for _, process in ipairs(redis.call('SMEMBERS', PROCESSES)) do
  local is_alive = redis.call('EXISTS', prefix .. 'alive:' .. process) == 1
  if is_alive and redis.call('HEXISTS', prefix .. 'channels:' .. process, channel) == 1 then is_heard = true end
end
if not is_heard then return found end
repeat
  local page = redis.call('HSCAN', prefix .. 'roster:' .. channel, cursor, 'COUNT', 1000)
  cursor = page[1]
  for at = 1, #page[2], 2 do found[#found + 1] = page[2][at] end
until cursor == '0' or #found >= most
return found
