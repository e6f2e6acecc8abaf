-- Who is a member of a channel, and a message that comes into the log after all that has led to it.
--
-- KEYS  roster, queue
-- ARGV  the message, as an item of the queue
-- Answer: {member, what is told of it, member, ...}

local members = redis.call('HGETALL', KEYS[1])
redis.call('LPUSH', KEYS[2], ARGV[1])
return members
