-- Note how far an application has been told, and remove what all have got.
--
-- KEYS  webhook-sender, webhooks, webhook-places
-- ARGV  the process, the application, its new place; then all applications that have webhooks
-- Answer: 1; or 0: another process is the sender now, and nothing was done

local SENDER, WEBHOOKS, PLACES = unpack(KEYS)
local REMOVED = ':removed' -- How many were removed so far; no application has such a name.
if redis.call('GET', SENDER) ~= ARGV[1] then return 0 end
redis.call('HSET', PLACES, ARGV[2], ARGV[3])

local time, number -- Up to here all have got everything.
for at = 4, #ARGV do
  local place = redis.call('HGET', PLACES, ARGV[at])
  if not place then return 1 end
  local its_time, its_number = string.match(place, '(%d+)-(%d+)')
  its_time, its_number = tonumber(its_time), tonumber(its_number)
  if not time or its_time < time or its_time == time and its_number < number then
    time, number = its_time, its_number
  end
end
local removed = redis.call('XTRIM', WEBHOOKS, 'MINID', string.format('%.0f-%.0f', time, number + 1))
local known = tonumber(redis.call('HGET', PLACES, REMOVED) or 0)
redis.call('HSET', PLACES, REMOVED, known + removed)
return 1
