-- Queue messages, and note what webhooks will tell of: both or neither.
--
-- KEYS  queue, webhooks, the places in it
-- ARGV  about the most bytes that may wait, how many messages, each message; then of each note its name, its channel,
--       and what else is told
--
-- Only what clients say is long, so that is what is counted. What was removed is taken to be as long as the rest.

local QUEUE, WEBHOOKS, PLACES = unpack(KEYS)
local BYTES = ':bytes' -- How many wait, about.
noted = WEBHOOKS
local count, added = tonumber(ARGV[2]), 0
for at = 3 + count, #ARGV, 3 do
  note(ARGV[at], ARGV[at + 1], ARGV[at + 2])
  added = added + #ARGV[at + 2]
end
for at = 3, 2 + count do redis.call('LPUSH', QUEUE, ARGV[at]) end

local bytes = tonumber(redis.call('HGET', PLACES, BYTES) or 0) + added
if bytes > tonumber(ARGV[1]) then
  local found, facts = redis.call('XINFO', 'STREAM', WEBHOOKS), {}
  for at = 1, #found, 2 do facts[found[at]] = found[at + 1] end
  redis.call('XTRIM', WEBHOOKS, 'MAXLEN', math.floor(facts['length'] / 2))
  bytes = bytes / 2
end
redis.call('HSET', PLACES, BYTES, string.format('%.0f', bytes))
return 1
