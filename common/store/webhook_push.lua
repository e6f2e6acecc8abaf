-- Queue messages, and note what webhooks will tell of: both or neither.
--
-- KEYS  queue, webhooks
-- ARGV  how many messages, each message; then of each note its name, its channel, and what else is told

noted = KEYS[2]
local count = tonumber(ARGV[1])
for at = 2 + count, #ARGV, 3 do note(ARGV[at], ARGV[at + 1], ARGV[at + 2]) end
for at = 2, 1 + count do redis.call('LPUSH', KEYS[1], ARGV[at]) end
return 1
