-- All that is known of the whole: what the processes say of themselves, the queue, the log, and who is connected.
--
-- KEYS  beats, queue, wip, log, epoch, processes, bytes
-- ARGV  what the keys of presence begin with, milliseconds for which a beat counts, most names to compare
-- Answer: {milliseconds of the time, messages that wait, messages in the log, id of its first, id of its last, messages
--          that ever entered it (-1: Redis 6 does not say), epoch, users, channels, 1 if these two are exact,
--          bytes of the log (-1: it is not all counted yet), process, its beat,
--          process, ...}

local BEATS, QUEUE, WIP, LOG, EPOCH, PROCESSES, COUNTED = unpack(KEYS)
local prefix, milliseconds, room = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local TIME = redis.call('TIME')
local NOW = TIME[1] * 1000 + math.floor(TIME[2] / 1000)
local exact = 1

-- How many names there are in some sorted sets together; at most the sum of them, if that is too many to compare.
local function distinct(sets)
  local sum, filled = 0, {}
  for _, set in ipairs(sets) do
    local count = redis.call('ZCARD', set)
    sum = sum + count
    if count > 0 then filled[#filled + 1] = set end
  end
  if #filled < 2 then return sum end
  if sum > room then
    exact = 0
    return sum
  end
  local seen, count = {}, 0
  for _, set in ipairs(filled) do
    for _, name in ipairs(redis.call('ZRANGE', set, 0, -1)) do
      if not seen[name] then
        seen[name] = true
        count = count + 1
      end
    end
  end
  return count
end

local users, channels = {}, {}
for _, process in ipairs(redis.call('SMEMBERS', PROCESSES)) do
  if redis.call('EXISTS', prefix .. 'alive:' .. process) == 1 then
    users[#users + 1] = prefix .. 'sorted-users:' .. process
    channels[#channels + 1] = prefix .. 'sorted-channels:' .. process
  end
end

local info = {length = 0, ['entries-added'] = -1}
if redis.call('EXISTS', LOG) == 1 then
  local answer = redis.call('XINFO', 'STREAM', LOG)
  for at = 1, #answer, 2 do info[answer[at]] = answer[at + 1] end
end
local function id_of(entry) return type(entry) == 'table' and entry[1] or '' end

-- As settle.lua has counted it, if that begins with the first entry.
local function bytes()
  if info.length == 0 then return 0 end
  local total, from = string.match(redis.call('GET', COUNTED) or '', '^%S+ (%d+) %d+ (%S+)')
  return from == id_of(info['first-entry']) and tonumber(total) or -1
end

local waiting = redis.call('LLEN', QUEUE) + redis.call('LLEN', WIP)
local user_count, channel_count = distinct(users), distinct(channels)
local answer = {
  NOW, waiting, info.length, id_of(info['first-entry']), id_of(info['last-entry']), info['entries-added'],
  redis.call('GET', EPOCH) or '', user_count, channel_count, exact, bytes(),
}
local all = redis.call('HGETALL', BEATS)
for at = 1, #all, 2 do
  local when = tonumber(string.match(all[at + 1], '^%d+'))
  if when and when + milliseconds >= NOW then
    answer[#answer + 1] = all[at]
    answer[#answer + 1] = all[at + 1]
  end
end
return answer
