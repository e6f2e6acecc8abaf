-- Note what a process has counted: for some stretches of the log, how many of its listeners have got the messages there;
-- and whose are late.
--
-- KEYS  receipts, counting
-- ARGV  the process, the number of this write, milliseconds for which it can be read, what is said of those who are
--       late (as JSON; '': as before; 'left': the process ends); then for each stretch its name, and what is said of it
-- Answer: 1
--
-- The other keys are made up here; all lie in the slot of the first. A write that comes late, when its caller has given
-- it up, changes nothing that a later one has said.

local RECEIPTS, COUNTING = unpack(KEYS)
local COUNTED = string.gsub(RECEIPTS, 'receipts$', 'counted:')
local process, number, milliseconds, late = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local MOST = 1000 -- Processes.
local TIME = redis.call('TIME')
local NOW = TIME[1] * 1000 + math.floor(TIME[2] / 1000)

local function is_newer(said)
  return not said or tonumber(string.match(said, '^%d+')) < number
end

for place = 5, #ARGV, 2 do
  local key = COUNTED .. ARGV[place]
  local known = redis.call('HMGET', key, 'until', process)
  -- It may be forgotten by now.
  if known[1] and is_newer(known[2]) then redis.call('HSET', key, process, ARGV[2] .. ' ' .. ARGV[place + 1]) end
end
if late == '' then return 1 end

-- What others have said for the last time goes when no receipt is left that they know of.
local all = redis.call('HGETALL', COUNTING)
for at = 1, #all, 2 do
  local time = tonumber(string.match(all[at + 1], '^%d+ (%d+)'))
  if not time or time + milliseconds < NOW then redis.call('HDEL', COUNTING, all[at]) end
end
if redis.call('HLEN', COUNTING) < MOST and is_newer(redis.call('HGET', COUNTING, process) or nil) then
  redis.call('HSET', COUNTING, process, string.format('%d %.0f %s', number, NOW, late))
  redis.call('PEXPIRE', COUNTING, milliseconds)
end
return 1
