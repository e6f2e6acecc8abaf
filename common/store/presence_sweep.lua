-- Remove what processes without a lease have left, up to so many channels.
--
-- KEYS  processes, queue
-- ARGV  what all keys begin with, most channels; the key of what webhooks tell, or ''
-- Answer: how many dead processes there still are
--
-- The other keys are made up here; all lie in the slot of the first.

local PROCESSES, QUEUE = KEYS[1], KEYS[2]
local processes = redis.call('SMEMBERS', PROCESSES)
local prefix, room = ARGV[1], tonumber(ARGV[2])
local left = 0
noted = ARGV[3]

local function sweep(process)
  local channels = prefix .. 'channels:' .. process
  redis.call('UNLINK', prefix .. 'sorted-users:' .. process, prefix .. 'sorted-channels:' .. process)
  for _, name in ipairs(redis.call('HRANDFIELD', channels, room)) do
    if redis.call('EXISTS', prefix .. 'roster:' .. name) == 1 then go_all(prefix, QUEUE, name, process, processes) end
    note_listeners('channel_vacated', prefix, name, process)
    redis.call('UNLINK', prefix .. 'in:' .. process .. ':' .. name)
    redis.call('HDEL', channels, name)
    room = room - 1
  end
  if redis.call('EXISTS', channels) == 1 then return false end
  redis.call('UNLINK', prefix .. 'users:' .. process)
  redis.call('SREM', PROCESSES, process)
  return true
end

for _, process in ipairs(processes) do
  if redis.call('EXISTS', prefix .. 'alive:' .. process) == 0 and not sweep(process) then left = left + 1 end
end
return left
