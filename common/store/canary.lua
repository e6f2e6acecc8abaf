-- Move canaries from their list to their log, as settle.lua moves messages, and read on in that log.
--
-- KEYS  canaries, canary log; what each holds: common/store/keys.py
-- ARGV  the id to read after, seconds that the log keeps, the most to read
-- Answer: entries of the log; or a text, why there are none. A failure must not look like one of the settle with which
-- this is asked.

local CANARIES, LOG = unpack(KEYS)

local items = redis.pcall('LRANGE', CANARIES, 0, -1)
if items.err then return items.err end
if #items > 0 then
  local oldest = string.format('%d000', redis.call('TIME')[1] - ARGV[2])
  for at = #items, 1, -1 do
    local id = redis.pcall('XADD', LOG, 'MINID', '~', oldest, '*', 'c', items[at])
    if type(id) == 'table' then return id.err end
  end
  local gone = redis.pcall('DEL', CANARIES)
  if type(gone) == 'table' then return gone.err end
end
local entries = redis.pcall('XRANGE', LOG, '(' .. ARGV[1], '+', 'COUNT', ARGV[3])
return entries.err or entries
