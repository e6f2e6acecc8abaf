-- Note how far an application has been told, and remove what all have got.
--
-- KEYS  webhook-sender, webhooks, webhook-places
-- ARGV  the process, the application, its new place; then all applications that have webhooks
-- Answer: 1; or 0: another process is the sender now, and nothing was done

local SENDER, WEBHOOKS, PLACES = unpack(KEYS)
local REMOVED = ':removed' -- How many were removed so far; no application has such a name.
local BYTES = ':bytes'
if redis.call('GET', SENDER) ~= ARGV[1] then return 0 end

-- The two halves of an id.
local function halves(id)
  local time, number = string.match(id, '(%d+)-(%d+)')
  return tonumber(time), tonumber(number)
end

local function is_before(id, other)
  local time, number = halves(id)
  local other_time, other_number = halves(other)
  return time < other_time or time == other_time and number < other_number
end

local before = redis.call('HGET', PLACES, ARGV[2])
if before and is_before(ARGV[3], before) then return 1 end -- Another sender was there meanwhile.
redis.call('HSET', PLACES, ARGV[2], ARGV[3])

if redis.call('EXISTS', WEBHOOKS) == 0 then return 1 end
local all -- Up to here all have got everything.
for at = 4, #ARGV do
  local place = redis.call('HGET', PLACES, ARGV[at])
  if not place then return 1 end
  if not all or is_before(place, all) then all = place end
end
local time, number = halves(all)
local found, facts = redis.call('XINFO', 'STREAM', WEBHOOKS), {}
for at = 1, #found, 2 do facts[found[at]] = found[at + 1] end
local removed = redis.call('XTRIM', WEBHOOKS, 'MINID', string.format('%.0f-%.0f', time, number + 1))
local known = tonumber(redis.call('HGET', PLACES, REMOVED) or 0)
local bytes = tonumber(redis.call('HGET', PLACES, BYTES) or 0) -- See webhook_push.lua.
if removed > 0 then bytes = bytes * (facts['length'] - removed) / facts['length'] end
redis.call('HSET', PLACES, REMOVED, known + removed, BYTES, string.format('%.0f', bytes))
return 1
