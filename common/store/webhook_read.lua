-- Take or renew the lease of the sender of webhooks, and read what an application has not been told.
--
-- KEYS  webhook-sender, webhooks, webhook-places
-- ARGV  the process, milliseconds of the lease, the application, the most to read
-- Answer: {how many were dropped since the last look, entries}; or nothing: another process is the sender

local SENDER, WEBHOOKS, PLACES = unpack(KEYS)
local REMOVED = ':removed' -- How many were removed so far; no application has such a name.
local holder = redis.call('GET', SENDER)
if holder and holder ~= ARGV[1] then return nil end
redis.call('SET', SENDER, ARGV[1], 'PX', ARGV[2])

local place = redis.call('HGET', PLACES, ARGV[3]) or '0-0'

-- How many have gone since the last look that nobody has removed. Redis 6 does not count what was added.
local function dropped()
  if redis.call('EXISTS', WEBHOOKS) == 0 then return 0 end
  local found, facts = redis.call('XINFO', 'STREAM', WEBHOOKS), {}
  for at = 1, #found, 2 do facts[found[at]] = found[at + 1] end
  local known = tonumber(redis.call('HGET', PLACES, REMOVED) or 0)
  local gone = (facts['entries-added'] or facts['length'] + known) - facts['length']
  if gone ~= known then redis.call('HSET', PLACES, REMOVED, gone) end
  return gone - known
end

return {dropped(), redis.call('XRANGE', WEBHOOKS, '(' .. place, '+', 'COUNT', ARGV[4])}
