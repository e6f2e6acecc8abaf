-- Renew the lease of a process, and write how many connections it has: all of it, or nothing.
--
-- KEYS  processes, lease, users, channels, the sorted names of both, queue; then the hash of each channel that has changed
-- ARGV  the process, milliseconds of the lease; the number of its last confirmed write (0: there is none, so it
--       enters), the number of this one; what all keys begin with; the key of what webhooks tell, or ''; then what has changed among the users, as a list: how
--       many pairs, and each user with the number of connections; then for each channel its name, its number of
--       connections (0: it is gone) and such a list; and how many of these users are members, each with what is told of
--       it (-1: it has listeners only)
-- Answer: 1; or 0 if the process has no lease, or a lease of an older Redis: what it has written does not count
--
-- The lease holds the number of the last write. So it is noticed when Redis went back to an older snapshot; and a write
-- that comes late, when its caller has given it up, does nothing.

local PROCESSES, LEASE, USERS, CHANNELS, SORTED_USERS, SORTED_CHANNELS, QUEUE = unpack(KEYS, 1, 7)
local process, milliseconds = ARGV[1], ARGV[2]
local confirmed, number = tonumber(ARGV[3]), tonumber(ARGV[4])
local PREFIX = ARGV[5]
local at = 6
noted = ARGV[6]

local function next_word()
  at = at + 1
  return ARGV[at]
end

-- `names` has the fields of the hash in their order, for who reads them page by page; nil: nobody does.
local function write(hash, field, count, names)
  if count == '0' then
    redis.call('HDEL', hash, field)
    if names then redis.call('ZREM', names, field) end
  else
    if names then redis.call('ZADD', names, 0, field) end
    redis.call('HSET', hash, field, count)
  end
end

-- Whether nobody here listens to a channel yet; asked only for webhooks.
local function is_new(name)
  return noted ~= '' and redis.call('HEXISTS', CHANNELS, name) == 0
end

-- Of a list, those who are gone.
local function write_list(hash, names)
  local gone = {}
  for _ = 1, tonumber(next_word()) do
    local field, count = next_word(), next_word()
    write(hash, field, count, names)
    if count == '0' then gone[#gone + 1] = field end
  end
  return gone
end

-- Tell of the members who come and go.
local function write_members(name, gone, count)
  for _ = 1, count do come(PREFIX, QUEUE, name, next_word(), next_word()) end
  local processes = #gone > 0 and redis.call('SMEMBERS', PROCESSES)
  for index = 1, #gone do go(PREFIX, QUEUE, name, gone[index], process, processes) end
end

local last = tonumber(redis.call('GET', LEASE) or (confirmed == 0 and '0'))
if not last or last > number then return 0 end
if last < confirmed then
  redis.call('DEL', LEASE)
  return 0
end

-- A command that a full Redis refuses comes first: after one that only removes, the rest would be allowed. The process
-- is entered before its hashes, or no sweep would find what a failure has left. The lease is renewed last: what was
-- written halfway does not count for longer, and is written again under the next number.
if confirmed == 0 then
  redis.call('SADD', PROCESSES, process)
else
  redis.call('SET', LEASE, last, 'KEEPTTL')
end
write_list(USERS, SORTED_USERS)
for key = 8, #KEYS do
  local name = next_word()
  local total = next_word()
  -- Both at once: a sweep finds the hashes by the list of channels.
  if total ~= '0' then
    if is_new(name) then note_listeners('channel_occupied', PREFIX, name, process) end
    write(CHANNELS, name, total, SORTED_CHANNELS)
  end
  local gone = write_list(KEYS[key])
  local count = tonumber(next_word())
  if count >= 0 then write_members(name, gone, count) end
  if total == '0' then
    if count >= 0 then go_all(PREFIX, QUEUE, name, process, redis.call('SMEMBERS', PROCESSES)) end
    if not is_new(name) then note_listeners('channel_vacated', PREFIX, name, process) end
    write(CHANNELS, name, total, SORTED_CHANNELS)
    redis.call('UNLINK', KEYS[key])
  end
end
redis.call('SET', LEASE, number, 'PX', milliseconds)
return 1
