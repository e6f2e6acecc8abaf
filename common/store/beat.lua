-- Note what a process says of itself, and answer how many messages wait now.
--
-- KEYS  beats, queue, wip, log
-- ARGV  the process, what it says, milliseconds for which that counts, 1 to remove what counts no more
-- Answer: {milliseconds of the time, messages that ever entered the log (-1: Redis 6 does not say), messages that wait}

local BEATS, QUEUE, WIP, LOG = unpack(KEYS)
local process, said, milliseconds = ARGV[1], ARGV[2], tonumber(ARGV[3])
local MOST = 1000 -- Processes.
local TIME = redis.call('TIME')
local NOW = TIME[1] * 1000 + math.floor(TIME[2] / 1000)

if ARGV[4] == '1' then
  local all = redis.call('HGETALL', BEATS)
  for at = 1, #all, 2 do
    local when = tonumber(string.match(all[at + 1], '^%d+'))
    if not when or when + milliseconds < NOW then redis.call('HDEL', BEATS, all[at]) end
  end
end
if redis.call('HEXISTS', BEATS, process) == 1 or redis.call('HLEN', BEATS) < MOST then
  redis.call('HSET', BEATS, process, string.format('%.0f ', NOW) .. said)
  redis.call('PEXPIRE', BEATS, milliseconds)
end

local added = -1
if redis.call('EXISTS', LOG) == 1 then
  local info = redis.call('XINFO', 'STREAM', LOG)
  for at = 1, #info, 2 do
    if info[at] == 'entries-added' then added = info[at + 1] end
  end
end
return {NOW, added, redis.call('LLEN', QUEUE) + redis.call('LLEN', WIP)}
