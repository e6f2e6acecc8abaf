-- Who is a member of a channel over all processes, and what is told of those who come and go; it stands before the
-- scripts that write the numbers (presence_write) and remove them (presence_sweep). So what is told is in the queue in
-- the step that makes it true: once, and in its order.
--
-- A member is in the roster of its channel as long as it stands in the numbers of any process, also of one without a
-- lease, until that is swept: so its clients have some seconds to come back. The keys are made up here; all lie in one slot.

-- `info` is JSON, or ''; '#' before it: the id of the user is a number, and is told as one.
local function tell(queue, channel, event, user, info)
  local id, more = cjson.encode(user), info
  if info:sub(1, 1) == '#' then id, more = user, info:sub(2) end
  local content = '{"user_id":' .. id .. (more == '' and '' or ',"user_info":' .. more) .. '}'
  local fields = {content = content, json = true, channel = 'members:' .. channel, event = event}
  redis.call('LPUSH', queue, '\30' .. cjson.encode(fields))
end

-- A member is there.
local function come(prefix, queue, channel, user, info)
  local roster = prefix .. 'roster:' .. channel
  if redis.call('HEXISTS', roster, user) == 1 then return end
  tell(queue, channel, 'joined', user, info)
  note('member_added', channel, '{"user_id":' .. cjson.encode(user) .. '}')
  redis.call('HSET', roster, user, info)
end

-- A member is not there any more, in one process of `processes`.
local function go(prefix, queue, channel, user, process, processes)
  for at = 1, #processes do
    local other = processes[at]
    if other ~= process and redis.call('HEXISTS', prefix .. 'in:' .. other .. ':' .. channel, user) == 1 then return end
  end
  local roster = prefix .. 'roster:' .. channel
  local info = redis.call('HGET', roster, user)
  if not info then return end
  tell(queue, channel, 'left', user, info:match('^#?'))
  note('member_removed', channel, '{"user_id":' .. cjson.encode(user) .. '}')
  redis.call('HDEL', roster, user)
end

-- The same for all members in a process.
local function go_all(prefix, queue, channel, process, processes)
  local users = redis.call('HGETALL', prefix .. 'in:' .. process .. ':' .. channel)
  for at = 1, #users, 2 do go(prefix, queue, channel, users[at], process, processes) end
end

