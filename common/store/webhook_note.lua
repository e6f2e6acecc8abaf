-- What webhooks will tell, noted in the step that makes it true; it stands before other scripts.
--
-- An entry of the stream has `n`, what has happened; `c`, the channel as it is named here; `m`, what else is told of it,
-- as JSON. The sender trims what all have got; if nobody takes anything, the oldest go.

local MOST_NOTED = 100000 -- About.
local noted = '' -- The key of the stream; '': there are no webhooks.
local all_processes -- Asked for once: of those that a sweep has removed nothing is left.

local function note(name, channel, more)
  if noted == '' then return end
  redis.call('XADD', noted, 'MAXLEN', '~', MOST_NOTED, '*', 'n', name, 'c', channel, 'm', more)
end

-- Note that a channel has its first listener or its last one has gone, unless it has some in another process.
local function note_listeners(name, prefix, channel, process)
  if noted == '' or string.find(channel, '%.%*$') then return end
  all_processes = all_processes or redis.call('SMEMBERS', prefix .. 'processes')
  for at = 1, #all_processes do
    local other = all_processes[at]
    if other ~= process and redis.call('HEXISTS', prefix .. 'channels:' .. other, channel) == 1 then return end
  end
  note(name, channel, '')
end

