-- All that is known of a receipt.
--
-- KEYS  the receipt, asked, beats, counting
-- ARGV  its id
-- Answer: {milliseconds of the time, when it was queued ('': it is not), its id in the log and its recipients ('': it is
--          not settled, or forgotten), the fields of its stretch with their values, then for each process that counts or
--          was to count: its name, 1 if it runs, what it says of those who are late ('left': it has ended by itself)}

local RECEIPT, ASKED, BEATS, COUNTING = unpack(KEYS)
local COUNTED = string.gsub(ASKED, 'asked$', 'counted:')
local OWN = {epoch = true, ['until'] = true, among = true}
local BEAT_LASTS = 7000 -- Milliseconds: BEAT_LASTS of common/store/beats.py.
local TIME = redis.call('TIME')
local NOW = TIME[1] * 1000 + math.floor(TIME[2] / 1000)
local seen, processes = {}, {}

-- As in settle.lua.
local function stretch_of(at)
  local time, block = string.match(at, '^(%d+)-(%d-)%d?%d?%d?$')
  return time .. '+' .. block
end

local function add(process)
  if seen[process] then return end
  seen[process] = true
  local beat = redis.call('HGET', BEATS, process)
  local time = beat and tonumber(string.match(beat, '^%d+'))
  local late = redis.call('HGET', COUNTING, process)
  processes[#processes + 1] = process
  processes[#processes + 1] = time and time + BEAT_LASTS >= NOW and 1 or 0
  processes[#processes + 1] = late and string.match(late, '^%d+ %d+ (.*)$') or ''
end

local queued = redis.call('GET', RECEIPT) or ''
local place = redis.call('HGET', ASKED, ARGV[1])
if not place then return {NOW, queued, '', {}, {}} end

local at = string.match(place, '^%S+')
local fields = redis.call('HGETALL', COUNTED .. (at == place and stretch_of(at) or at))
for each = 1, #fields, 2 do
  if not OWN[fields[each]] then add(fields[each]) end
  if fields[each] == 'among' then
    for process in string.gmatch(fields[each + 1], '%S+') do add(process) end
  end
end
return {NOW, queued, fields[1] and place or '', fields, processes}
