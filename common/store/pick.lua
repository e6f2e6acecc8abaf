-- The messages of a stretch of the log that are for some subscribers. One look is bounded in number and bytes, so
-- that it takes Redis a millisecond or two, whatever the log holds; to see more, look again.
--
-- KEYS  log
-- ARGV  the id after which, and the one up to which; most messages and about the most bytes to look at; about the
--       most bytes to answer; then the subscriptions: channels, and wildcards such as `news.*`
-- Answer: {the last id that was looked at, how many messages were, how many bytes they have, 1 if there are no more,
--          the entries that are for these subscribers, or for everybody}

local HANDFUL = 16 -- Entries at once, at the most: nobody knows how large the next ones are.
local LOG = KEYS[1]
local last, upto = ARGV[1], ARGV[2]
local room, bytes_left, answer_left = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local wanted, has_wildcards = {}, false
for at = 6, #ARGV do
  wanted[ARGV[at]] = true
  has_wildcards = has_wildcards or string.sub(ARGV[at], -1) == '*'
end

-- As `subscriptions_to` of common/channels.py says it.
local function reaches(name)
  if wanted[name] then return true end
  if not has_wildcards or string.sub(name, 1, 5) == 'user:' then return false end
  local dot = string.find(name, '.', 2, true)
  while dot do
    if wanted[string.sub(name, 1, dot) .. '*'] then return true end
    dot = string.find(name, '.', dot + 1, true)
  end
  return false
end

-- `fields` of an entry are c, its content, or j, if that is JSON; if it is not for everybody, a, its recipients; then
-- some of e, x and r, in this order: common/store/keys.py. Any other entry is not ours.
local function is_for_them(fields)
  if fields[1] ~= 'c' and fields[1] ~= 'j' then return false end
  local recipients = fields[3] == 'a' and fields[4]
  local at = recipients and 5 or 3
  if fields[at] == 'e' then at = at + 2 end
  if fields[at] == 'x' then at = at + 2 end
  if fields[at] == 'r' then at = at + 2 end
  if fields[at] then return false end
  if not recipients then return true end
  if not string.find(recipients, ' ', 1, true) then return reaches(recipients) end
  for name in string.gmatch(recipients, '%S+') do
    if reaches(name) then return true end
  end
  return false
end

local function size_of(fields)
  local size = 0
  for at = 1, #fields do size = size + #fields[at] end
  return size
end

local looked, bytes, found, size = 0, 0, {}, 1
while true do
  local entries = redis.call('XRANGE', LOG, '(' .. last, upto, 'COUNT', size)
  for _, entry in ipairs(entries) do
    local more = size_of(entry[2])
    last, looked, bytes = entry[1], looked + 1, bytes + more
    if is_for_them(entry[2]) then
      found[#found + 1] = entry
      answer_left = answer_left - more
      if answer_left <= 0 then return {last, looked, bytes, 0, found} end
    end
  end
  if #entries < size then return {last, looked, bytes, 1, found} end
  if looked >= room or bytes >= bytes_left then return {last, looked, bytes, 0, found} end
  local fitting = math.ceil((bytes_left - bytes) * looked / math.max(1, bytes))
  size = math.max(1, math.min(size * 2, HANDFUL, room - looked, fitting))
end
