-- Queue the items whose id is new, and those without an id: one atomic step, so that running it again adds nothing
-- under an id.
--
-- KEYS  queue, then for each item the key of its id, or again the queue if it has none
-- ARGV  seconds for which an id is kept, then for each item the item and its hash
-- Answer: 0, or the place (from 1) of the first item whose id stands for another; then nothing was done

local MOST = 1000 -- Lua puts no more than some 8000 values on its stack.
local queue, seconds = KEYS[1], ARGV[1]
local items, hashes = {}, {}

for at = 2, #KEYS do
  local key, item, hash = KEYS[at], ARGV[2 * at - 2], ARGV[2 * at - 1]
  local known = key ~= queue and (hashes[key] or redis.call('GET', key))
  if not known then
    items[#items + 1] = item
    if key ~= queue then hashes[key] = hash end
  elseif known ~= hash then
    return at - 1
  end
end

-- A script that fails halfway is not undone. LPUSH comes first: it fails if the queue is no list, SET never does.
for at = 1, #items, MOST do
  redis.call('LPUSH', queue, unpack(items, at, math.min(at + MOST - 1, #items)))
end
for key, hash in pairs(hashes) do
  redis.call('SET', key, hash, 'EX', seconds)
end

return 0
