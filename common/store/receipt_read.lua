-- All that is known of a receipt.
--
-- KEYS  the receipt, beats, counting
-- Answer: {milliseconds of the time, the fields of the receipt with their values, then for each process that counts or
--          was to count: its name, 1 if it runs, what it says of those who are late ('left': it has ended by itself)}

local RECEIPT, BEATS, COUNTING = unpack(KEYS)
local OWN = {at = true, epoch = true, to = true, ['until'] = true, among = true, queued = true}
local BEAT_LASTS = 7000 -- Milliseconds: BEAT_LASTS of common/store/beats.py.
local TIME = redis.call('TIME')
local NOW = TIME[1] * 1000 + math.floor(TIME[2] / 1000)
local fields, seen, processes = redis.call('HGETALL', RECEIPT), {}, {}

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

for at = 1, #fields, 2 do
  if not OWN[fields[at]] then add(fields[at]) end
  if fields[at] == 'among' then
    for process in string.gmatch(fields[at + 1], '%S+') do add(process) end
  end
end
return {NOW, fields, processes}
