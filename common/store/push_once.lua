-- Queue the items whose id is new, and those without an id: one atomic step. So running it again adds nothing that has
-- an id.
--
-- KEYS  queue, then for each item the key of its id, or again the queue if it has none
-- ARGV  seconds for which an id is kept, then for each item the item and its hash
--       (a hash that is longer than HASH: a receipt is asked for)
-- Answer: 0, or the place (from 1) of the first item whose id stands for another; then nothing was done

local MOST = 1000 -- Lua puts no more than some 8000 values on its stack.
local HASH = 16 -- Bytes.
local NOTHING = '' -- What an id stands for that was taken back; it expires at once.
local queue, seconds = KEYS[1], ARGV[1]
local items, hashes, taken = {}, {}, {}

-- The item for which an id stands.
local function hash_of(key)
  local hash = hashes[key] or redis.call('GET', key)
  return hash ~= NOTHING and hash or nil
end

-- Let the ids stand for nothing again, by the command that was allowed a moment ago. Answers the failure.
local function take_back(failure)
  for _, key in ipairs(taken) do redis.call('SET', key, NOTHING, 'PX', 1) end
  return failure
end

for at = 2, #KEYS do
  local key, item, hash = KEYS[at], ARGV[2 * at - 2], ARGV[2 * at - 1]
  local known = key ~= queue and hash_of(key)
  if not known then
    items[#items + 1] = item
    if key ~= queue then hashes[key] = hash end
  elseif known ~= hash then
    return at - 1
  end
end

-- Redis does not undo a script that fails halfway. So the ids are written first: they can be taken back, and an item in
-- the queue cannot. Without the right to write ids, each try would queue the items again.
for key, hash in pairs(hashes) do
  local reply = redis.pcall('SET', key, hash, 'EX', seconds)
  if reply.err then return take_back(reply) end
  taken[#taken + 1] = key
end
for at = 1, #items, MOST do
  local reply = redis.pcall('LPUSH', queue, unpack(items, at, math.min(at + MOST - 1, #items)))
  if type(reply) == 'table' and reply.err then return take_back(reply) end
end

-- A receipt that is asked for before its message is settled. That it cannot be noted stops no push.
local first, receipts, time = #('{' .. queue .. '}:once:') + 1, '{' .. queue .. '}:receipts:', nil
for key, hash in pairs(hashes) do
  if #hash > HASH then
    if not time then
      local now = redis.call('TIME')
      time = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
    end
    redis.pcall('SET', receipts .. string.sub(key, first), time, 'EX', seconds)
  end
end

return 0
