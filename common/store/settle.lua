-- Move messages from the queue to the log: one atomic step, so that each is always in one of the two.
--
-- KEYS  queue, wip (what BLMOVE has moved: older than what is in the queue), log, rejected, floor, first, epoch, bytes,
--       stretches; what each holds: common/store/keys.py
-- ARGV  most messages (0: only look), about the most bytes, messages that the log keeps, seconds that it
--       keeps them, about the most bytes of the log (0: any number); the epoch and the newest id that the caller knows
--       ('' and '0-0': none); seconds for which receipts are counted
-- Answer: {messages moved to the log, items set aside, items that still wait, epoch, the newest id when the
--          epoch began, floor, the newest id (only if looking), why the first item was set aside, what failed}
--
-- Redis does not undo a script that fails halfway. So an item is popped only after it was written. A command that
-- fails ends the settling but not the script: the answer tells what was settled until then, and what failed.
--
-- Most settles are of one message. So numbers are handed to Redis as text where that is at hand, for which it does not
-- have to turn them into text itself, and functions that few settles need are only made for these.

local QUEUE, WIP, LOG, REJECTED, FLOOR, FIRST, EPOCH, COUNTED, STRETCHES = unpack(KEYS)
local HANDFUL, MOST = 32, 128 -- Items read, written and popped together: one by one takes a quarter longer.
local NONE = '0-0'
local MARK = 30 -- The first byte of an envelope.
local BYTES, MOST_LOGGED = tonumber(ARGV[2]), tonumber(ARGV[5])
local ENTRY = 32 -- Bytes that an entry takes in Redis besides its content and recipients, about.
local STRETCH, SHARE = 64 * 1024, 32 -- Bytes of a stretch, at least; and which part of the log it is then.
local COUNT_MESSAGES, COUNT_BYTES = 1000, 2 * 1024 * 1024 -- About the most to count by reading at once: 2 ms.
local FORGET = 2000 -- Messages to forget at once for their bytes.
local room, bytes = tonumber(ARGV[1]), BYTES
local known_epoch, known_id = ARGV[6], ARGV[7]
local looking = room == 0
local NOW = redis.call('TIME')
local MILLISECONDS = NOW[1] .. string.sub('00000' .. NOW[2], -6, -4)
local settled, rejected, reason, problem = 0, 0, '', ''
local first_added, last_added -- By this settle.
local besides = 0 -- Bytes of its items that are neither content nor recipients, or not in the log.

-- Note the first failure, with its command, for the answer. Always nil.
local function fail(command, reply)
  if problem == '' then problem = command .. ' ' .. reply.err end
  return nil
end

-- The answer of a command; nil if it failed.
local function try(command, ...)
  local reply = redis.pcall(command, ...)
  if type(reply) == 'table' and reply.err then return fail(command, reply) end
  return reply
end

-- What reads envelopes; only made where there is one.
local function envelope_reader()
  local NAMES = {'channel', 'channels', 'user', 'users'} -- As FIELDS of http_api/reading/recipients.py.
  local QUOTED = {'"channel"', '"channels"', '"user"', '"users"'}
  local LISTS, USERS = {channels = true, users = true}, {user = true, users = true}
  local KNOWN = {
    content = true, json = true, channel = true, channels = true, user = true, users = true, event = true,
    except = true, receipt = true
  }
  local LONGEST_EVENT = 200 -- Characters.
  local LONGEST_JSON = 64 * 1024 -- Bytes of an envelope whose content is no text but an object or a list.
  local JSON_WEIGHT = 16 -- So many bytes counts each of it: to find where it ends takes time.
  local MOST_CHANNELS = 1000 -- As MAX_CHANNELS, at the most.
  local END_OF = {['{'] = '^%b{}()', ['['] = '^%b[]()', ['"'] = '^"[^"]*"()'} -- Where a value ends, by its beginning.
  local LARGEST = 2 ^ 53 -- From here on cjson rounds: a number would be somebody else's.

  -- Whether it can be the name of a channel: NAME of common/channels.py.
  local function is_name(text)
    return type(text) == 'string' and #text >= 1 and #text <= 200 and not string.find(text, '[^A-Za-z0-9_.:@=,;-]')
  end

  -- A whole number as text; all else as it is.
  local function as_text(name)
    if type(name) ~= 'number' or name ~= math.floor(name) or math.abs(name) >= LARGEST then return name end
    return name == 0 and '0' or string.format('%.0f', name)
  end

  -- The channel of a user; nil if it cannot be one.
  local function channel_of(user)
    if type(user) ~= 'string' or user == '' or string.sub(user, 1, 5) == 'user:' then return nil end
    return is_name('user:' .. user) and 'user:' .. user or nil
  end

  -- What of a field may be names. `channels` and `users` are lists, or text with commas. cjson makes a table of an
  -- object, too, but one without a length.
  local function elements(field, value)
    if not LISTS[field] or type(value) ~= 'table' and type(value) ~= 'string' then return {value} end
    if type(value) == 'table' then return value end
    local found = {}
    for name in string.gmatch(value .. ',', '([^,]*),') do found[#found + 1] = name end
    return found
  end

  -- Add the channels that a field names to `found`. Answers why not, if it names nobody or has what cannot be a name.
  local function add(found, seen, field, value)
    local names, of_users = elements(field, value), USERS[field]
    if #names == 0 then return field .. ' names nobody' end
    if #names > MOST_CHANNELS then return field .. ' has too many names' end
    for at = 1, #names do
      local name = names[at]
      if type(name) ~= 'string' then name = as_text(name) end
      if of_users then name = channel_of(name) end
      -- Where one name stands, several with commas may be meant.
      local has_several = not LISTS[field] and is_name(name) and string.find(name, ',', 1, true)
      if not is_name(name) or has_several then return field .. ' has what cannot be a name' end
      if not seen[name] then
        seen[name] = true
        found[#found + 1] = name
      end
    end
  end

  -- Whether a field stands twice in an envelope: cjson keeps the last one, and the other would be lost. To count all
  -- fields takes long, so it is only done if the text has this one's name in quotes more than once, or never. A
  -- quotation mark within a text has a backslash before it.
  local function has_twice(envelope, fields, quoted)
    local _, first = string.find(envelope, quoted, 1, true)
    if first and not string.find(envelope, quoted, first + 1, true) then return false end
    local _, names = string.gsub(envelope, '[^\\]"%s*:', '')
    for _ in pairs(fields) do names = names - 1 end
    return names > 0
  end

  -- The recipients of an envelope: channels, each once, joined by a space; '' if it is for everybody. Nil, and why, if
  -- they cannot be read.
  local function recipients(fields, envelope)
    local found, seen = {}, {}
    for at = 1, 4 do
      local value = fields[NAMES[at]]
      local why = value ~= nil and add(found, seen, NAMES[at], value)
      if why then return nil, why end
      if value ~= nil and has_twice(envelope, fields, QUOTED[at]) then return nil, 'a name stands twice' end
    end
    if #found > MOST_CHANNELS then return nil, 'too many names' end
    return table.concat(found, ' ')
  end

  -- The id under which a receipt is asked for; '' if none is. Nil, and why, if it cannot be one.
  local function receipt_of(fields)
    local id = as_text(fields.receipt)
    if type(id) == 'string' and #id >= 1 and #id <= 255 and not string.find(id, '[^ -~]') then return id end
    return nil, 'receipt is no id'
  end

  -- The name of an event; '' if there is none. Nil, and why, if it cannot be one: EVENT of common/message.py.
  local function event_of(fields)
    local event = fields.event
    if event == cjson.null then return '' end
    if type(event) ~= 'string' or event == '' or #event > 4 * LONGEST_EVENT then return nil, 'event is no name' end
    local at = string.find(event, '[%z\1-\31\127\194]') -- The last begins those of two bytes, and others.
    local has_control = at and (string.byte(event, at) ~= 194 or string.find(event, '[%z\1-\31\127]', at))
    if has_control or at and string.find(event, '\194[\128-\159]', at) then return nil, 'event is no name' end
    if #event > LONGEST_EVENT and select(2, string.gsub(event, '[^\128-\191]', '')) > LONGEST_EVENT then
      return nil, 'event is no name'
    end
    return event
  end

  -- The id of the connection that is not to get it; '' if there is none. Nil, and why, if it cannot be one: ID of
  -- common/connection_id.py.
  local function except_of(fields)
    local id = fields.except
    if id == cjson.null or id == '' then return '' end
    local process, number = string.match(type(id) == 'string' and id or '', '^(%d+)%.(%d+)$')
    if not process or #process > 20 or #number > 20 then return nil, 'except is no id of a connection' end
    return id
  end

  local function read_kick(fields)
    for name in pairs(fields) do
      if name ~= 'kick' then return nil, 'a kick has other fields' end
    end
    if not channel_of(fields.kick) then return nil, 'kick is no user' end
    return '', '!' .. fields.kick, 'c', '', '', ''
  end

  -- A text, as long as before, without what could be taken for the structure around it. Nil: it has nothing of it.
  local function without_brackets(text)
    if string.find(text, '[%[%]{}]') then return '"' .. string.rep('_', #text - 2) .. '"' end
  end

  -- Where the content of an envelope begins and ends, if it is an object or a list. The last one, as cjson keeps it.
  local function place_of_content(envelope)
    local bare = string.gsub(string.gsub(envelope, '\\.', '__'), '"[^"]*"', without_brackets)
    local at, first, last = string.match(bare, '^%s*{()'), nil, nil
    while at do
      local name, start = string.match(bare, '^%s*"([^"]*)"%s*:%s*()', at)
      local stop = start and string.match(bare, END_OF[string.sub(bare, start, start)] or '^[^,}%s]*()', start)
      if name == 'content' and stop then first, last = start, stop - 1 end
      at = stop and string.match(bare, '^%s*,()', stop)
    end
    if first and string.find(envelope, '^[%[{]', first) then return first, last end
  end

  -- Content of an envelope; the name of its field in the log: c, or j if it is JSON; and the envelope without what stands
  -- within the content. Nil, and why, if it cannot be read. An object or a list is taken as it stands there: cjson would
  -- change its numbers, and make an object of an empty list.
  local function content_of(fields, envelope)
    local content, is_json = fields.content, fields.json
    if is_json ~= nil and type(is_json) ~= 'boolean' then return nil, 'json is neither true nor false' end
    if type(content) == 'string' then return content, is_json and 'j' or 'c', envelope end
    if type(content) ~= 'table' then return nil, 'content is no text' end
    if #envelope > LONGEST_JSON then return nil, 'content is no text, and too long' end
    bytes = bytes - JSON_WEIGHT * #envelope
    local first, last = place_of_content(envelope)
    if not first then return nil, 'content is not found' end
    return string.sub(envelope, first, last), 'j', string.sub(envelope, 1, first - 1) .. '0' .. string.sub(envelope, last + 1)
  end

  -- Content and recipients of an envelope, the name of the content's field, the id of its receipt, its event, and which
  -- connection is not to get it; nil, and why, if it cannot be read. With a field that this version does not know it
  -- cannot be read: a message for some must not go to all.
  return function(envelope)
    local ok, fields = pcall(cjson.decode, envelope)
    if not ok then return nil, 'it is not JSON' end
    if type(fields) ~= 'table' then return nil, 'it is no object' end
    if fields.kick ~= nil then return read_kick(fields) end
    for name in pairs(fields) do
      if not KNOWN[name] then return nil, 'it has a field that is not known' end
    end
    local content, name, rest = content_of(fields, envelope)
    if not content then return nil, name end
    local to, why = recipients(fields, rest)
    if not to then return nil, why end
    local receipt, event, except = '', '', ''
    if fields.receipt ~= nil then receipt, why = receipt_of(fields) end
    if fields.event ~= nil then event, why = event_of(fields) end
    if fields.except ~= nil then except, why = except_of(fields) end
    if why then return nil, why end
    return content, to, name, receipt, event, except
  end
end

-- What XINFO says of the log.
local function info(name)
  if redis.call('EXISTS', LOG) == 0 then return nil end
  local found = redis.call('XINFO', 'STREAM', LOG)
  for at = 1, #found, 2 do
    if found[at] == name then return found[at + 1] end
  end
end

-- The newest id that the log has ever given.
local function last_id()
  return info('last-generated-id') or NONE
end

local function next_id(id)
  local time, sequence = string.match(id, '(%d+)-(%d+)')
  if #sequence > 15 then return id end -- Lua would round it.
  return string.format('%s-%d', time, sequence + 1)
end

local function is_less(digits, other)
  return #digits < #other or #digits == #other and digits < other
end

-- As text: a half of an id has up to 20 digits, more than a number of Lua holds.
local function is_before(id, other)
  local time, sequence = string.match(id, '(%d+)-(%d+)')
  local other_time, other_sequence = string.match(other, '(%d+)-(%d+)')
  return is_less(time, other_time) or time == other_time and is_less(sequence, other_sequence)
end

-- The text of a key, or nil. A key of another type counts as gone: SET will replace it.
local function text_of(key)
  local reply = redis.pcall('GET', key)
  if type(reply) ~= 'table' then return reply or nil end
  if string.find(reply.err, '^WRONGTYPE') then return nil end
  return redis.call('GET', key) -- Fails again.
end

local function first_id()
  local first = redis.call('XRANGE', LOG, '-', '+', 'COUNT', '1')[1]
  return first and first[1]
end

-- What true_floor answers where FLOOR is not as this script leaves it.
local function mend_floor(text, floor, first)
  -- How many entries the log has lost, as text that cannot be an id. Nil with Redis 6, which does not count what was
  -- added.
  local function removed()
    local added = info('entries-added')
    return added and 'removed ' .. added - info('length') or nil
  end

  -- Whether nothing was removed since the log was empty: FIRST was noted then, and somebody else wrote the first entry.
  local function is_as_it_came(floor, first)
    local before = floor and is_before(floor, first) and text_of(FIRST)
    return before and string.find(before, '^removed') and before == removed()
  end

  -- From which id on the log has everything, as far as its entries tell: the first id possible if none was ever removed.
  local function healed_floor(first)
    if not first then return next_id(last_id()) end
    return removed() == 'removed 0' and next_id(NONE) or first
  end

  local healed = first and is_as_it_came(floor, first) and floor or healed_floor(first)
  if healed ~= text and (text or first or healed ~= next_id(NONE)) then try('SET', FLOOR, healed) end
  local mark = first or removed()
  if mark and mark ~= healed and mark ~= text_of(FIRST) then try('SET', FIRST, mark) end
  return healed, first
end

-- From which id on the log has everything, and the first entry. FLOOR is right if it is the first entry, or if it was
-- noted while the log was empty and FIRST is the entry that came next. Otherwise somebody else has trimmed the log, or
-- Redis has evicted FLOOR: then nobody knows more than what is there.
local function true_floor()
  local text, first = text_of(FLOOR), first_id()
  local floor = text and string.find(text, '^%d+-%d+$') and text
  if first and first == floor then return floor, first end
  if first and floor and first == text_of(FIRST) and is_before(floor, first) then return floor, first end
  return mend_floor(text, floor, first)
end

-- Whether the log has the message that the caller knows, and whether something follows it.
local function look_at_known()
  if known_id == NONE then return false, true end
  local entries = redis.call('XRANGE', LOG, known_id, '+', 'COUNT', '2')
  local has = #entries > 0 and entries[1][1] == known_id
  return has, #entries > (has and 1 or 0)
end

local has_known, is_followed = look_at_known()

-- Whether the log has lost the message that the caller knows. It is not lost if it is there, if it was trimmed (then it
-- is before the floor), or if it is the last one that somebody deleted (XDEL). Of a message from before this epoch
-- nobody knows more than whether the log can have had it: ids only grow.
local function is_lost(floor, start)
  if known_id == NONE or has_known then return false end
  if is_before(last_id(), known_id) then return true end
  return is_before(start, known_id) and not is_before(known_id, floor) and info('max-deleted-entry-id') ~= known_id
end

-- Epochs are named by the time at which they began, in hexadecimal digits.
local function time_of(epoch)
  return epoch and #epoch <= 13 and tonumber(epoch, 16) or 0
end

-- An epoch is a time in which the log has lost nothing. When it was emptied by a FLUSHALL, or went back to an older
-- snapshot, a new epoch begins. Its name is newer than all that are known, whatever the clock says.
local function current_epoch(floor)
  local name, start = string.match(text_of(EPOCH) or '', '^([1-9a-f][0-9a-f]*) (%d+-%d+)$')
  local stored, known = time_of(name), time_of(known_epoch)
  -- The caller does not know the stored epoch yet. It still holds if the log has not gone back to before its start.
  if stored > known and not is_before(last_id(), start) then return name, start end
  if stored > 0 and stored == known and not is_lost(floor, start) then return name, start end
  local time = math.max(tonumber(MILLISECONDS), stored + 1, known + 1)
  name, start = string.format('%x', time), last_id()
  redis.call('SET', EPOCH, name .. ' ' .. start)
  return name, start
end

-- Set aside what cannot be read. Answers whether that is done.
local function set_aside(item, why)
  if not try('LPUSH', REJECTED, item) then return false end
  if rejected == 0 then reason = why end
  besides = besides + #item
  rejected = rejected + 1
  return true
end

-- Add the first entry of this settle. If the clock is behind the newest id, `*` would give the id after that. A Redis
-- that went back to an older snapshot would so give new messages the ids of lost ones, which others know. So the id is
-- moved on by the microseconds of the clock, as if by chance.
local function add_first(...)
  local reply = redis.pcall('XADD', LOG, MILLISECONDS .. '-*', ...)
  if type(reply) ~= 'table' then return reply end
  local id = '*' -- For Redis 6, which does not know `TIME-*`.
  if string.find(reply.err, 'equal or smaller', 1, true) then
    local time, sequence = string.match(last_id(), '(%d+)-(%d+)')
    if #sequence <= 15 then id = string.format('%s-%d', time, sequence + 1 + NOW[2]) end
  end
  return redis.pcall('XADD', LOG, id, ...)
end

-- Add an entry. Not by `try`: that would take a tenth of the script's time.
local function add_entry(...)
  if first_added then return redis.pcall('XADD', LOG, '*', ...) end
  return add_first(...)
end

-- What messages need whose receipts are asked for; only made where there is one. So its keys are made up here. Each
-- command takes as many messages as it can: a command for each would take longer than all the rest of a settle.
local function tracker()
  local PREFIX = '{' .. QUEUE .. '}:'
  local RECEIPTS, ASKED, COUNTED, BEATS = PREFIX .. 'receipts', PREFIX .. 'asked', PREFIX .. 'counted:', PREFIX .. 'beats'
  local LASTS, MOST_RECEIPTS = tonumber(ARGV[8]) * 1000, 10000
  local BEAT_LASTS = 7000 -- Milliseconds: BEAT_LASTS of common/store/beats.py.
  local AT_ONCE = 1000 -- Lua puts no more than some 8000 values on its stack.
  local now = tonumber(MILLISECONDS)
  local places, order, queued = {}, {}, {} -- What ASKED and RECEIPTS get, and what is not queued any more.
  local for_all, for_some = {}, {} -- Ids of messages.

  -- The stretch of the log in which a message for everybody lies: `stretch_of` of common/receipt.py.
  local function stretch_of(at)
    local time, block = string.match(at, '^(%d+)-(%d-)%d?%d?%d?$')
    return time .. '+' .. block
  end

  -- Add to `found` the stretches of sorted ids, a part of a list, without a look at each.
  local function add_stretches(found, ats, from, upto)
    local first, last, middle = stretch_of(ats[from]), stretch_of(ats[upto]), math.floor((from + upto) / 2)
    found[first], found[last] = true, true
    if first == last or middle == from then return end
    add_stretches(found, ats, from, middle)
    add_stretches(found, ats, middle, upto)
  end

  -- Add an entry. Its field r is when it was pushed, in milliseconds, or now, if that is not known.
  local function add(fields, to, id)
    local key, r, ats = RECEIPTS .. ':' .. id, MILLISECONDS, to == '' and for_all or for_some
    local pushed = redis.pcall('GET', key)
    if type(pushed) == 'string' then r, queued[#queued + 1] = pushed, key end
    fields[#fields + 1], fields[#fields + 2] = 'r', r
    local at = add_entry(unpack(fields))
    if type(at) == 'table' then return at, 0 end
    ats[#ats + 1], order[#order + 1] = at, at .. ' ' .. id
    places[2 * #order - 1], places[2 * #order] = id, to == '' and at or at .. ' ' .. to
    return at, #r
  end

  -- The processes that have listeners now, by their beats: each is to say how many of its own got a message.
  local function listening()
    local found, beats = {}, redis.pcall('HGETALL', BEATS)
    for at = 1, #beats, 2 do
      local time = tonumber(string.match(beats[at + 1], '^%d+'))
      local is_ws = string.find(beats[at + 1], '"kind":"ws"', 1, true)
      if time and is_ws and time + BEAT_LASTS >= now then found[#found + 1] = beats[at] end
    end
    return table.concat(found, ' ')
  end

  -- A command for many words.
  local function try_all(command, key, words)
    for at = 1, #words, AT_ONCE do
      local last = math.min(at + AT_ONCE - 1, #words)
      if key then try(command, key, unpack(words, at, last)) else try(command, unpack(words, at, last)) end
    end
  end

  -- Whether a receipt can be read no more.
  local function is_over(receipt)
    local time = tonumber(string.match(receipt, '^%d+'))
    return time and time + 2 * LASTS < now
  end

  -- How many of the oldest receipts are too many or too old; AT_ONCE if there may be more.
  local function surplus()
    local beyond = (try('LLEN', RECEIPTS) or 0) - MOST_RECEIPTS
    if beyond > 0 then return math.min(beyond, AT_ONCE) end
    if not is_over((try('LRANGE', RECEIPTS, -1, -1) or {})[1] or '') then return 0 end
    local oldest, old = try('LRANGE', RECEIPTS, -AT_ONCE, -1) or {}, 0
    while old < #oldest and is_over(oldest[#oldest - old]) do old = old + 1 end
    return old
  end

  -- Forget the oldest receipts that are too many or too old, and their stretches, but for the one that goes on. Answers
  -- whether there may be more.
  local function forget()
    local beyond = surplus()
    if beyond == 0 then return false end
    local oldest = try('LRANGE', RECEIPTS, -beyond - 1, -1) or {}
    if not oldest[2] then return false end
    local ats, ids, gone, keys, stretches = {}, {}, {}, {}, {}
    for each = 1, #oldest do ats[each], ids[each] = string.match(oldest[each], '^(%S+) (.*)$') end
    local known = try('HMGET', ASKED, unpack(ids)) or {}
    for each = 2, #known do
      local at, place = ats[each], known[each]
      if place == at then
        gone[#gone + 1] = ids[each]
      else -- It is for some; or another message has been pushed under this id since.
        if place and string.match(place, '^%S+') == at then gone[#gone + 1] = ids[each] end
        keys[#keys + 1] = COUNTED .. at
      end
    end
    add_stretches(stretches, ats, 2, #ats)
    stretches[stretch_of(ats[1])] = nil
    for name in pairs(stretches) do keys[#keys + 1] = COUNTED .. name end
    try_all('HDEL', ASKED, gone)
    try_all('UNLINK', nil, keys)
    return try('LTRIM', RECEIPTS, 0, -beyond - 1) and beyond == AT_ONCE
  end

  -- Begin the receipts. They can be read twice as long as they are counted.
  local function begin(epoch)
    local processes, until_, stretches = listening(), string.format('%.0f', now + LASTS), {}
    if for_all[1] then add_stretches(stretches, for_all, 1, #for_all) end
    for _, at in ipairs(for_some) do stretches[at] = true end
    for name in pairs(stretches) do
      local key = COUNTED .. name
      if not try('HGET', key, 'until') then -- Else it goes on.
        try('HSET', key, 'epoch', epoch, 'until', until_, 'among', processes)
        try('PEXPIRE', key, 2 * LASTS)
      end
    end
    try_all('HSET', ASKED, places)
    try_all('LPUSH', RECEIPTS, order)
    try_all('UNLINK', nil, queued)
    try('PEXPIRE', ASKED, 2 * LASTS)
    try('PEXPIRE', RECEIPTS, 2 * LASTS)
    while forget() do end
  end

  return add, begin
end

local read -- An envelope.
local add_tracked, begin_receipts

-- Add an entry that has more than content and recipients. Answers its id, and how many bytes it has besides these.
local function add_more(name, content, to, receipt, event, except)
  local fields, at = {name, content}, 3
  if to ~= '' then fields[at], fields[at + 1], at = 'a', to, at + 2 end
  if event ~= '' then fields[at], fields[at + 1], at = 'e', event, at + 2 end
  if except ~= '' then fields[at], fields[at + 1] = 'x', except end
  local more = #event + #except
  if receipt == '' then return add_entry(unpack(fields)), more end
  if not add_tracked then add_tracked, begin_receipts = tracker() end
  local id, size = add_tracked(fields, to, receipt)
  return id, more + size
end

-- Write an item to the log, or set it aside. Answers whether that is done.
local function write(item)
  local id
  if string.byte(item) == MARK then
    read = read or envelope_reader()
    local content, to, name, receipt, event, except = read(string.sub(item, 2))
    if not content then return set_aside(item, to) end
    local more = 0
    if receipt == '' and event == '' and except == '' then
      id = to == '' and add_entry(name, content) or to ~= '' and add_entry(name, content, 'a', to)
    else
      id, more = add_more(name, content, to, receipt, event, except)
    end
    if type(id) ~= 'table' then besides = besides + #item - #content - #to - more end
  else
    id = add_entry('c', item)
  end
  if type(id) == 'table' then
    fail('XADD', id)
    return false
  end
  first_added, last_added = first_added or id, id
  settled = settled + 1
  return true
end

-- Whether we may pop, asked for before anything is written. The question changes nothing but counts as a write, after
-- which a Redis that is full allows all the rest of a script: so what it has can still be delivered. RPOP takes longer
-- than LTRIM, as it copies what it pops, but somebody's rights may not include LTRIM.
local may_trim = not redis.pcall('LTRIM', WIP, '0', '-1').err and not redis.pcall('LTRIM', QUEUE, '0', '-1').err
if not may_trim and try('RPOP', WIP, 0) ~= nil then try('RPOP', QUEUE, 0) end

local function pop(source, count)
  if may_trim then try('LTRIM', source, '0', string.format('%d', -count - 1)) else try('RPOP', source, count) end
end

-- How many items to read at once: as many as fit into the bytes that are left, if they are as long as those before.
local function handful()
  local done = settled + rejected
  if done == 0 then return math.min(room, HANDFUL) end
  local length = (BYTES - bytes) / done
  return math.max(1, math.min(room, MOST, math.floor(bytes / length)))
end

local is_emptied = {} -- By this settle; nobody has to ask how many items wait there.

-- Settle a handful of a list, the oldest first, and pop as many as were written. Answers whether there may be more.
local function settle(source)
  local most, done = handful(), 0
  local items = try('LRANGE', source, string.format('%d', -most), '-1')
  for at = items and #items or 0, 1, -1 do
    if bytes <= 0 or not write(items[at]) then break end
    bytes = bytes - #items[at]
    done = done + 1
  end
  if done > 0 then pop(source, done) end
  room = room - done
  is_emptied[source] = items and done == #items and done < most and problem == ''
  return done == most
end

-- The bytes of the log, without asking Redis for each entry that is trimmed: it is counted in stretches, each of which
-- is forgotten as a whole. Whatever is not counted yet (an older version has settled, or COUNTED is gone) is counted by
-- reading it, some at each settle. What somebody else trims is noticed as the first entry is not at `from` then.
--
-- COUNTED    'NEWEST TOTAL OPEN FROM END': everything from FROM to NEWEST is counted, TOTAL bytes; OPEN of them after the
--            last stretch; and the end of the oldest stretch, or '-'
-- STRETCHES  ' BYTES END' for each, the oldest first. An end is the first id that is not in the stretch
local count, counted_before

local function step() return math.max(STRETCH, count.total / SHARE) end

-- What only few settles need.
local function seldom()
  -- Begin again: everything that is there is to be counted by reading it.
  local function begin_count()
    local newest = last_id()
    count = {newest = newest, total = 0, open = 0, from = next_id(newest), oldest = '-'}
  end

  local function stretches()
    return count.oldest ~= '-' and text_of(STRETCHES) or ''
  end

  -- The open stretch ends here.
  local function close_stretch()
    local upto = next_id(count.newest)
    try('SET', STRETCHES, string.format('%s %.0f %s', stretches(), count.open, upto))
    count.open = 0
    if count.oldest == '-' then count.oldest = upto end
  end

  -- Count the oldest stretch no more. Answers whether there was one.
  local function drop_stretch()
    local size, upto, rest = string.match(stretches(), '^ (%d+) (%d+%-%d+)(.*)$')
    if upto ~= count.oldest then -- STRETCHES is gone, or of another time.
      begin_count()
      return false
    end
    count.total, count.from = count.total - size, upto
    count.oldest = string.match(rest, '^ %d+ (%S+)') or '-'
    try('SET', STRETCHES, rest)
    return true
  end

  -- Bytes of entries, read one way or the other, a bounded number; the last id, and whether there are no more.
  local function measure(command, start, stop, most_bytes)
    local sum, seen, most, last = 0, 0, HANDFUL, nil
    while most >= 1 do
      local entries = redis.pcall(command, LOG, start, stop, 'COUNT', most)
      for _, entry in ipairs(entries) do
        sum = sum + ENTRY
        for at = 2, #entry[2], 2 do sum = sum + #entry[2][at] end
        last = entry[1]
      end
      if #entries < most then return sum, last, true end -- Also if there can be no id after `start`.
      seen, start = seen + most, '(' .. last
      most = math.floor(math.min(HANDFUL, COUNT_MESSAGES - seen, (most_bytes - sum) * seen / sum))
    end
    return sum, last, false
  end

  -- Count what somebody else has added, such as an older version that settles, too.
  local function count_on()
    local sum, last, is_all = measure('XRANGE', '(' .. count.newest, '+', COUNT_BYTES)
    if not is_all then return begin_count() end
    if last then count.newest, count.total, count.open = last, count.total + sum, count.open + sum end
  end

  -- Count some of what is older than all that is counted.
  local function count_back(first)
    local most = MOST_LOGGED > 0 and math.min(COUNT_BYTES, MOST_LOGGED / SHARE) or COUNT_BYTES -- It is a stretch then.
    local sum, last, is_all = measure('XREVRANGE', '(' .. count.from, '-', most)
    local before = stretches()
    local size, upto, rest = string.match(before, '^ (%d+) (%d+%-%d+)(.*)$')
    count.total = count.total + sum
    if not size or size + sum > step() then size, upto, rest = 0, count.from, before end
    try('SET', STRETCHES, string.format(' %.0f %s%s', size + sum, upto, rest))
    count.from, count.oldest = is_all and first or last, upto
  end

  -- Forget what is before an id, a bounded number of messages. `~` leaves some, as Redis forgets whole blocks then.
  local function forget_before(id)
    local gone = try('XTRIM', LOG, 'MINID', '~', id, 'LIMIT', FORGET) or 0
    if gone >= FORGET / 2 then return gone end -- There may be more: the next settle goes on.
    return gone + (try('XTRIM', LOG, 'MINID', '=', id) or 0)
  end

  -- Forget the oldest stretches if the log has too many bytes. Answers how many messages were forgotten.
  local function trim_bytes(first)
    local is_less_counted = first and first ~= count.from and is_before(first, count.from)
    local is_too_much = false
    while MOST_LOGGED > 0 and count.total > MOST_LOGGED and count.oldest ~= '-' do
      if not drop_stretch() then return 0 end
      is_too_much = true
    end
    -- Near the bound nobody has to know how much there is besides.
    is_too_much = is_too_much or is_less_counted and MOST_LOGGED > 0 and count.total > MOST_LOGGED * 15 / 16
    if is_too_much then return forget_before(count.from) end
    if is_less_counted then count_back(first) end
    return 0
  end

  -- What is counted begins with the first entry.
  local function count_from(first)
    if not first or first == count.from then return end
    while count.oldest ~= '-' and not is_before(first, count.oldest) do
      if not drop_stretch() then return end
    end
    if is_before(count.from, first) then count.from = first end
  end

  return {
    begin_count = begin_count, count_on = count_on, close_stretch = close_stretch, trim_bytes = trim_bytes,
    count_from = count_from,
  }
end

-- What is counted, after what others may have done to the log.
local function find_count(first)
  counted_before = text_of(COUNTED) or ''
  local newest, total, open, from, oldest =
    string.match(counted_before, '^(%d+%-%d+) (%d+) (%d+) (%d+%-%d+) (%S+)$')
  if not newest or not first then return seldom().begin_count() end
  count = {newest = newest, total = tonumber(total), open = tonumber(open), from = from, oldest = oldest}
  -- Where the first entry is as it was, the newest is, too: ids only grow.
  if from ~= first and is_before(last_id(), newest) then return seldom().begin_count() end
  if has_known and known_id == newest and not is_followed then return end
  if #redis.pcall('XRANGE', LOG, '(' .. newest, '+', 'COUNT', '1') > 0 then seldom().count_on() end
end

-- The entries of this settle. They are in the open stretch, which is never forgotten: whoever settles reads it first.
local function count_added()
  if not last_added then return end
  if count.open >= step() then seldom().close_stretch() end
  local size = BYTES - bytes - besides + settled * ENTRY
  count.newest, count.total, count.open = last_added, count.total + size, count.open + size
end

local function save_count()
  local text =
    string.format('%s %.0f %.0f %s %s', count.newest, count.total, count.open, count.from, count.oldest)
  if text ~= counted_before then try('SET', COUNTED, text) end
end

-- Forget the oldest messages if the log has too many bytes, and count what is there then. Answers the first entry, and
-- how many were forgotten.
local function trim_bytes(first)
  if first == count.from and (MOST_LOGGED == 0 or count.total <= MOST_LOGGED) then return first, 0 end
  local rare = seldom()
  local gone = rare.trim_bytes(first)
  if gone > 0 then first = first_id() end
  rare.count_from(first)
  return first, gone
end

-- Trim the log to what it has to keep. Answers the floor then.
local function trim(floor, first)
  local oldest = string.format('%d000', NOW[1] - ARGV[4])
  local gone = try('XTRIM', LOG, 'MAXLEN', '~', ARGV[3]) or 0
  gone = gone + (try('XTRIM', LOG, 'MINID', '~', oldest) or 0)
  if gone > 0 then first = first_id() end
  local gone_for_bytes
  first, gone_for_bytes = trim_bytes(first)
  if gone + gone_for_bytes == 0 then return floor end
  local healed = first or next_id(last_id())
  try('SET', FLOOR, healed)
  return healed
end

local floor, first = true_floor()
local epoch, start = current_epoch(floor)
find_count(first)

for _, source in ipairs({WIP, QUEUE}) do
  while room > 0 and bytes > 0 and problem == '' and settle(source) do end
end
if first_added and not first then
  try('SET', FLOOR, floor)
  try('SET', FIRST, first_added)
end
if begin_receipts then begin_receipts(epoch) end
count_added()
floor = trim(floor, first or first_added)
if first or first_added then save_count() end

local function waiting(source)
  return is_emptied[source] and 0 or try('LLEN', source) or 0
end

return {settled, rejected, waiting(WIP) + waiting(QUEUE), epoch, start, floor, looking and last_id() or NONE, reason, problem}
