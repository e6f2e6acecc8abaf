-- Count the connections of a channel, or of a user, in all processes that have a lease.
--
-- KEYS  processes
-- ARGV  what all keys begin with, the channel ('': none), the user whose own channel it is ('': nobody's), most
--       places to list: a user takes one in each process
-- Answer: {connections, those without a user, 1 if not all users are listed, user, connections, user, ...}
--
-- The other keys are made up here; all lie in the slot of the first.

local PROCESSES = KEYS[1]
local prefix, channel, owner, room = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local total, anonymous, truncated = 0, 0, 0
local users = {}

local function number(hash, field)
  return tonumber(redis.call('HGET', hash, field) or 0)
end

local function list(user, count)
  if room > 0 then
    users[user] = (users[user] or 0) + count
    room = room - 1
  else
    truncated = 1
  end
end

-- The users of a hash; no more of it is read than there is room for.
local function list_users(hash)
  local cursor, seen = '0', {[''] = true} -- HSCAN may name a field twice.
  repeat
    local page = redis.call('HSCAN', hash, cursor, 'COUNT', room + 2)
    cursor = page[1]
    for at = 1, #page[2], 2 do
      local user = page[2][at]
      if not seen[user] then list(user, tonumber(page[2][at + 1])) end
      seen[user] = true
    end
  until cursor == '0' or truncated == 1
end

for _, process in ipairs(redis.call('SMEMBERS', PROCESSES)) do
  if redis.call('EXISTS', prefix .. 'alive:' .. process) == 1 then
    local own = owner ~= '' and number(prefix .. 'users:' .. process, owner) or 0
    if own > 0 then list(owner, own) end
    local here = channel ~= '' and number(prefix .. 'channels:' .. process, channel) or 0
    if here > 0 then
      local hash = prefix .. 'in:' .. process .. ':' .. channel
      anonymous = anonymous + number(hash, '')
      list_users(hash)
    end
    total = total + own + here
  end
end

local answer = {total, anonymous, truncated}
for user, count in pairs(users) do
  answer[#answer + 1] = user
  answer[#answer + 1] = count
end
return answer
