-- Revoke a listener's tokens, or take that back.
--
-- KEYS: the hash of revocations. ARGV: what is revoked; `before`; until when it counts (0: take it
-- back); how many there may be. Answers {before, until} as they are now; {} if there is no room or,
-- taking back, if there was none. The field '' is the version: another one after each change.

local key, field, most = KEYS[1], ARGV[1], tonumber(ARGV[4])
local before, till = tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1])

local function forget_past()
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    local ends = tonumber(string.match(all[at + 1], '^%d+ (%d+)'))
    if all[at] ~= '' and (not ends or ends <= now) then redis.call('HDEL', key, all[at]) end
  end
end

local had = redis.call('HGET', key, field)
if till == 0 then
  if not had then return {} end
  redis.call('HDEL', key, field)
else
  if had then
    -- Of two, both hold.
    local was_before, was_till = string.match(had, '^(%d+) (%d+)')
    before = math.max(before, tonumber(was_before))
    till = math.max(till, tonumber(was_till))
  elseif redis.call('HLEN', key) > most then
    forget_past()
    if redis.call('HLEN', key) > most then return {} end
  end
  redis.call('HSET', key, field, string.format('%.0f %.0f %.0f', before, till, now))
end
redis.call('HSET', key, '', time[1] .. '.' .. time[2])
return {string.format('%.0f', before), string.format('%.0f', till)}
