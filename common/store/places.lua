-- Remember how far some clients are, and forget those that were not heard of for longest.
--
-- KEYS  places, the names in the order in which they were heard of
-- ARGV  milliseconds for which a client is remembered, how many are, a name of who asks; then for each client: its name,
--       how far it is, how far it may have been sent things (empty: it is connected, so nobody knows), and what to do:
--       `join` (it comes: if it is known, it stays where it was), `move` (never back) or `set`
-- Answer: for each client that joins what was known of it, as `MARK SENT`; empty if nothing was
--
-- A place is `MARK SENT TIME`. While a client is connected, SENT is the name of who asked when it came. It is empty if
-- two had it at once: what the other has sent is not known when one tells its end.

local PLACES, HEARD, ME = KEYS[1], KEYS[2], '@' .. ARGV[3]
local lasts, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- Numbers and epochs as text: the longer, or else the later one, is larger.
local function compare(a, b)
  if #a ~= #b then return #a - #b end
  if a == b then return 0 end
  return a > b and 1 or -1
end

local function is_newer(mark, other)
  -- Piece by piece: in the locale of a server, a `-` may be ignored when texts are compared.
  local found, known = {string.match(mark, '^(%w+)-(%d+)-(%d+)$')}, {string.match(other, '^(%w+)-(%d+)-(%d+)$')}
  for at = 1, 3 do
    local order = compare(found[at], known[at])
    if order ~= 0 then return order > 0 end
  end
  return false
end

local function is_held(sent) return string.sub(sent, 1, 1) == '@' end

-- Up to where a client may have been sent things, after this; `old`: as it was noted, if it was.
local function sent_now(old, sent, what)
  if not old or what == 'set' then old = ME end
  if what == 'join' then return (is_held(old) and old ~= ME) and '' or ME end
  local has_left = old ~= '' and not is_held(old)
  if sent == '' then return has_left and ME or old end
  if has_left then return is_newer(old, sent) and old or sent end
  if old == ME then return sent end
  return is_held(old) and old or ''
end

local answer = {}
for at = 4, #ARGV, 4 do
  local name, mark, sent, what = unpack(ARGV, at, at + 3)
  local known = what ~= 'set' and redis.call('HGET', PLACES, name) or ''
  local old_mark, old_sent, time = string.match(known, '^(%S+) (%S*) (%d+)$')
  if old_mark and now - time > lasts then old_mark = nil end
  if what == 'join' then answer[#answer + 1] = old_mark and old_mark .. ' ' .. old_sent or '' end
  if old_mark and (what == 'join' or is_newer(old_mark, mark)) then mark = old_mark end
  sent = sent_now(old_mark and old_sent, sent, what)
  redis.call('HSET', PLACES, name, mark .. ' ' .. sent .. ' ' .. string.format('%.0f', now))
  redis.call('ZADD', HEARD, now, name)
end

local count = redis.call('HLEN', PLACES)
local function is_due(time) return count > most or now - time > lasts end

-- Nearly always the oldest is not due, and nothing more is read.
local oldest = redis.call('ZRANGE', HEARD, 0, 0, 'WITHSCORES')
if oldest[2] and is_due(oldest[2]) then oldest = redis.call('ZRANGE', HEARD, 0, 99 + (#ARGV - 3) / 4, 'WITHSCORES') end
for at = 1, #oldest, 2 do
  if not is_due(oldest[at + 1]) then break end
  redis.call('HDEL', PLACES, oldest[at])
  redis.call('ZREM', HEARD, oldest[at])
  count = count - 1
end
redis.call('PEXPIRE', PLACES, lasts)
redis.call('PEXPIRE', HEARD, lasts)
return answer
