-- Where the newest messages for some subscribers begin. It looks at no more than so many messages of the log, and
-- sends no content.
--
-- KEYS  log
-- ARGV  how many messages, how many to look at, then the subscriptions: channels, and wildcards such as `news.*`
-- Answer: the id of the oldest of these messages, or of the last that was looked at; '0-1' if the log has none

local MOST_BYTES = 4 * 1024 * 1024 -- Of contents looked at; reading them is what takes the time.
local LOOK = 32 -- Messages at once.
local LOG = KEYS[1]
local count, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted = {}
for at = 3, #ARGV do wanted[ARGV[at]] = true end

-- As `subscriptions_to` of common/channels.py says it.
local function reaches(name)
  if wanted[name] then return true end
  if string.sub(name, 1, 5) == 'user:' then return false end
  local dot = string.find(name, '.', 2, true)
  while dot do
    if wanted[string.sub(name, 1, dot) .. '*'] then return true end
    dot = string.find(name, '.', dot + 1, true)
  end
  return false
end

-- `fields` of an entry: c, the content and, if it is not for everybody, a, its addresses.
local function is_for_them(fields)
  if not fields[4] then return true end
  for name in string.gmatch(fields[4], '%S+') do
    if reaches(name) then return true end
  end
  return false
end

local last, found, bytes = '+', '0-1', 0
while room > 0 and bytes < MOST_BYTES do
  local size = math.min(room, last == '+' and #ARGV == 2 and count or LOOK)
  local entries = redis.call('XREVRANGE', LOG, last, '-', 'COUNT', size)
  for _, entry in ipairs(entries) do
    found, bytes = entry[1], bytes + #entry[2][2]
    if is_for_them(entry[2]) then count = count - 1 end
    if count == 0 then return found end
  end
  if #entries < size then break end
  last, room = '(' .. found, room - size
end
return found
